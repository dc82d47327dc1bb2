{{- define "hansa.name" -}}
{{- default .Chart.Name .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "hansa.selector" -}}
app.kubernetes.io/name: hansa
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "hansa.labels" -}}
{{ include "hansa.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "hansa.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}

{{- define "hansa.tokenSecret" -}}
{{ default (printf "%s-metrics" (include "hansa.name" .)) .Values.monitoring.existingSecret }}
{{- end -}}

{{- define "hansa.targets" -}}
{{- range . }}
- to: [{ ipBlock: { cidr: {{ .cidr }} } }]
  ports: [{ protocol: TCP, port: {{ .port }} }]
{{- end }}
{{- end -}}
