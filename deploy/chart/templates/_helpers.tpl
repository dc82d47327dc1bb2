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

{{- /* Workers have another name than the connector, so that no service and no rule of the connector is theirs, too. */}}
{{- define "hansa.workerSelector" -}}
app.kubernetes.io/name: hansa-worker
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "hansa.workerLabels" -}}
{{ include "hansa.workerSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* The root and a worker's name: the name of its StatefulSet, of at most 52 letters, since labels are made of it. */}}
{{- define "hansa.workerName" -}}
{{ include "hansa.name" (index . 0) | trunc 30 | trimSuffix "-" }}-worker-{{ index . 1 | replace "_" "-" }}
{{- end -}}
