
## Operations
nav-section-pages = Páginas desta secção
duration-seconds = { $number } s
duration-minutes = { $number } min
duration-hours = { $number } horas
check-good = em ordem
check-bad = avaria
operations-title = Operação
operations-health = Estado geral
operations-peers = Participantes
operations-doctor = Verificação
operations-running = Respostas em curso
operations-delivery = Mensagens em espera
operations-workers = Máquinas auxiliares
operations-backup = Cópias de segurança
operations-now = Agora
operations-answers = Respostas em curso neste momento
operations-known-peers = Participantes conhecidos
operations-records = Entradas no registo de auditoria
operations-disk = Espaço livre para o registo de auditoria
operations-memory = Memória usada pelas consultas
operations-bundle-end = Fim do pacote de confiança
operations-certificate-end = Fim do certificado
health-caption = Condições sem as quais nenhuma consulta é respondida
health-check = Ponto verificado
health-finding = Resultado
health-reason = Causa e solução
health-no-fault = Não foi encontrada nenhuma avaria.
check-log = O registo de auditoria pode ser escrito
check-state = A pasta de estado pode ser lida
check-clock = O relógio é de confiança
check-bundle = O pacote de confiança está em vigor
check-certificate = O certificado é válido

## Participants
peers-title = Participantes
peers-as-known = A lista mostra o que este conector sabe. Nenhum participante é contactado para isso; só a verificação o faz.
peers-none = Ainda não se conhece nenhum participante.
peers-caption = Participantes com os quais este conector comunica
peer-name = Participante
peer-address = Endereço
peer-contact = Último contacto nosso
peer-program = Programa
peer-contracts = Contratos em vigor
peer-messages = Mensagens em espera
peer-doctor = Verificação
peer-check = Verificar
peer-reached = contactado
peer-reached-before = contactado antes:
peer-round-trip = { $number } ms
peer-failed = não contactado
peer-not-called = não contactado desde o arranque do conector
peer-program-unknown = ainda desconhecido
peer-no-member = não é membro da liga
peer-forked = o seu registo de auditoria tem duas versões

## Check
doctor-title = Verificação do conector
doctor-title-of = Verificação do caminho até { $name }
doctor-what = A verificação avança passo a passo: registo de auditoria, disco, relógio, pacote de confiança, certificado, ficheiros publicados e, depois, o caminho até cada participante: nome, porta, ligação, registo de auditoria, catálogo e contratos.
doctor-changes-nothing = Contacta os participantes e não altera nada. Cada avaria é apresentada com uma solução.
doctor-run = Verificar agora
doctor-run-again = Verificar de novo
doctor-duration = Espera-se até cinco segundos por um participante que não responde.
doctor-all = Verificação de todos os participantes
doctor-here = este conector
doctor-no-fault = A verificação não encontrou nenhuma avaria.
doctor-faults = Avarias: { $number }
doctor-caption = Resultados pela ordem das verificações
doctor-at = Lugar
doctor-found = Pormenor e solução

## Running answers
running-title = Respostas em curso
running-none = Não há respostas em curso. As respostas aparecem aqui enquanto as suas linhas são calculadas e enviadas.
running-caption = Respostas em curso, a mais antiga primeiro
running-more = A lista mostra as mais antigas; respostas no total: { $number }
running-question = Consulta
running-who = Quem pergunta
running-datasets = Conjuntos de dados
running-purpose = Finalidade
running-contracts = Contratos
running-rows = Linhas enviadas
running-age = Duração
running-house = pessoas deste participante
running-web = qualquer pessoa, por uma vista pública
running-undecided = ainda não decidido
running-no-purpose = nenhuma declarada
running-no-contract = dados próprios

## Waiting messages
delivery-title = Mensagens em espera
delivery-what = As mensagens de negociações, denúncias e recibos esperam aqui até que o outro participante as confirme.
delivery-none = Nenhuma mensagem está em espera.
delivery-caption = Mensagens em espera por destinatário
delivery-to = Destinatário
delivery-number = Número
delivery-kind = Tipo
delivery-about = Assunto
delivery-since = Desde
delivery-about-none = um contrato ou uma denúncia
delivery-since-unknown = desconhecido
delivery-unreadable = ilegível
message-request = pedido
message-offer = oferta
message-acceptance = aceitação
message-agreement = assinatura do fornecedor
message-verification = assinatura do utilizador
message-finalization = contrato com as duas assinaturas
message-termination = fim de uma negociação
message-comment = comentário sobre uma cláusula
message-statement = declaração sobre um contrato
message-withdrawal = denúncia de um contrato
message-acknowledgement = confirmação de um recibo

## Workers
workers-title = Máquinas auxiliares
workers-what = As máquinas auxiliares são deste participante; as consultas grandes são repartidas por elas. O estado é o da última consulta.
workers-none = Nenhuma máquina auxiliar está configurada: esta máquina responde sozinha a todas as consultas.
workers-caption = Máquinas auxiliares da configuração
worker-name = Máquina
worker-address = Endereço
worker-state = Estado
worker-connected = ligada
worker-unreachable = não contactada
worker-not-asked = sem consultas recentes

## Backups
backup-title = Cópias de segurança
backup-none = Ainda não foi feita aqui nenhuma cópia de segurança. Sem ela, um disco avariado leva consigo todos os contratos e as suas evidências.
backup-unrehearsed = Nenhuma cópia foi ensaiada com êxito: ninguém sabe se alguma pode ser reposta.
backup-caption = Cópias feitas ou ensaiadas aqui, a mais recente primeiro
backup-file = Ficheiro
backup-made = Feita
backup-size = Tamanho
backup-rehearsed = Último ensaio
backup-result = Resultado
backup-made-elsewhere = não aqui
backup-size-unknown = desconhecido
backup-never-rehearsed = nunca
backup-records = entradas: { $number }
backup-good = pode ser reposta
backup-bad = tem defeitos
backup-unknown = desconhecido
backup-how = Fazer e ensaiar uma cópia
backup-rehearse = Este comando ensaia-a: a cópia é desempacotada, aberta, lida até ao fim e eliminada.
backup-keys = Uma cópia não contém chaves. Guarde-as em separado.
