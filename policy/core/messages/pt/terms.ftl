### Sentences of the terms of a contract.
###
### Contracts were signed with these words, so they stay as they are: another wording is another form of the page.

## Lists
list-and = e
list-or = ou
list-nothing = nada

## Aggregate
functions = só agregados: { $list }
function-variance = variância
function-units = número de unidades diferentes
dimensions = agrupado e filtrado só por { $list }
measures = agregados só de { $list }
grid = os grupos são células da grelha { $grid }

## Secondary suppression
totals-from-published = os totais são os dos grupos mostrados
suppress-complement = outros grupos são retidos até que nenhum total, subtraído de outros, revele um grupo pequeno
cell-key = as contagens são arredondadas por sorteio a um múltiplo de { $base }, da mesma forma sempre que um grupo tem as mesmas unidades

## Area
area = só linhas com { $lon } de { $west } a { $east } e { $lat } de { $south } a { $north } graus

## Attestation
attest = a eliminação é declarada, assinada, no prazo de { $days } dias após cada resposta; depois disso nada é respondido sem a declaração

## Band
band = { $column } mostra o limite inferior da sua faixa, de { $edges }

## Columns
columns = só as colunas { $list }

## Consent
obtain-consent = as pessoas em causa deram o seu consentimento

## Delivery
networks = só para as redes { $list }
formats = enviado só como { $list }

## Dominance
dominance-p = { $measure } de um grupo só quando todos menos os seus dois maiores { $unit } somam pelo menos { $p } % do maior
dominance-nk = { $measure } de um grupo só quando os seus { $n } maiores { $unit } somam no máximo { $k } %

## Duty
delete-after-one-day = o que foi recebido é apagado após um dia
delete-after-days = o que foi recebido é apagado após { $days } dias
attribution = a fonte é indicada como "{ $text }"
prohibit-distribute = nada é transmitido a terceiros
prohibit-sell = nada é vendido
prohibit-derive = nenhuma outra obra é derivada dos dados

## Embargo
embargo-days = dias
embargo-hours = horas
embargo-minutes = minutos
embargo-seconds = segundos
embargo = só linhas cujo { $column } foi há pelo menos { $delay }

## Exclusivity
exclusive = ninguém mais recebe um contrato sobre o conjunto de dados neste período

## Group
group = só para os membros do grupo { $group }, segundo uma lista que o fornecedor assinou nas últimas 24 horas

## Hours
hours = só em { $hours }

## Inform
inform = as partes comunicam entre si { $list }
event-first-use = a primeira utilização
event-refusal = as recusas
event-schema-change = as mudanças do esquema
recipient-provider = às pessoas do fornecedor
recipient-consumer = às pessoas do utilizador
notify = o conector do fornecedor comunica { $whom } { $events }

## Joins
join-keys = aqui só se junta por { $list }
join-with-none = aqui não entra numa pergunta com outro conjunto de dados
join-with = aqui numa pergunta só com { $list }
keys-stay = as colunas de junção servem aqui para juntar e não são mostradas a ninguém

## Key transfer
keys-travel-to-anybody = quem mais for consultado na mesma pergunta
keys-travel = os valores de { $columns } podem ser enviados a { $to }, para que respondam só com as linhas correspondentes

## Legal basis
basis-consent = consentimento
basis-contract = contrato com a pessoa
basis-obligation = obrigação legal
basis-vital = interesses vitais
basis-public-task = missão de interesse público
basis-interests = interesses legítimos
legal-basis = o fundamento jurídico é: { $what } ({ $basis })

## Lookup
lookup = { $column } mostra o seu nível { $level } segundo a tabela { $table }

## Mask
mask = { $column } é sempre { $value }

## Min group
min-group-values = só grupos, e somas neles, com pelo menos { $at_least } valores diferentes de { $column }
min-group-rows = só grupos, e somas neles, de pelo menos { $at_least } linhas

## Place cells
cell-h3 = a célula H3 de resolução { $number }
cell-area = o atributo { $show } da área segundo a lista { $list }
cell-square = a célula de { $number } { $unit } da grelha europeia (EPSG:3035)
place-cells = { $lon } e { $lat } não existem; { $cell } mostra em vez delas { $size }

## Prefix
prefix = { $column } mostra os primeiros { $length } caracteres

## Price
price-question = pergunta
price-row = linha
price-month = mês
price = o utilizador paga { $amount } { $currency } por { $each }
price-prepaid = { $price }; { $paid } { $currency } são pagos antecipadamente, e nada é respondido para além do que foi pago

## Privacy budget
budget-quarter-hour = quarto de hora
budget-hour = hora
budget-day = dia
budget-week = semana
budget-month = mês
budget-year = ano
budget-bounds = { $measure } de { $low } a { $high }
budget-held = , valores limitados a { $held }
budget = os números têm um ruído sorteado uma só vez: uma divulgação gasta épsilon { $each }, todos os contratos sobre o conjunto de dados no máximo { $most } por { $per } de dados e por { $unit }; de um { $unit } contam no máximo { $cells } grupos de uma divulgação, com { $rows } linhas em cada um{ $held }; a partir de { $from } existe cada grupo, mesmo vazio{ $named }, e um número pode ser inferior a zero

## Prohibition
prohibition-all = qualquer pergunta
prohibition-rows = as linhas em que { $filter } se verifica ou não se sabe
prohibition-columns = as colunas { $list }
prohibition = proibido: { $what }
prohibition-and = e se
prohibition-if = proibido: { $what } se { $conditions }
prohibition-purpose = a finalidade é { $list }, mais restrita, mais ampla ou não declarada
prohibition-from = é { $from } ou mais tarde
prohibition-until = é antes de { $until }
prohibition-hours = é { $hours }
prohibition-networks = a resposta vai para { $list }, ou não se sabe para onde

## Pseudonym
pseudonym = { $column } é substituído por um hash com chave, igual para valores iguais (época { $epoch })

## Published area
published-area = só linhas com { $lon } e { $lat } na área { $which } da lista { $list }

## Purpose
purpose = a finalidade é { $list }
purpose-not = a finalidade não é { $list } nem parte dela

## Quota
quota-questions = perguntas
quota-rows = linhas
quota = no máximo { $number } { $what } { $each }
result-rows = no máximo { $number } linhas numa resposta
quota-bytes = bytes
quota-size = no máximo { $size } { $each }
quota-each-hour = por hora
quota-each-day = por dia ({ $zone })
quota-each-week = por semana ({ $zone })
quota-each-30-days = por 30 dias ({ $zone })

## Receipts
receipts = os recibos são contra-assinados, no máximo { $most } em aberto
one-sided-receipts = programas do utilizador podem consultar sem conector; só o fornecedor assina os seus recibos
open-data = qualquer pessoa pode obter todas as linhas pela Internet, sem ser conhecida

## Region
region = só para participantes em { $region }, atestado por um emissor reconhecido

## Relative window
lasts-activation = durante { $days } dias a partir da entrada em vigor
lasts-first-use = durante { $days } dias a partir da primeira pergunta

## Release
release-quarter-hour = cada quarto de hora
release-hour = cada hora
release-day = cada dia
release-week = cada semana
release-month = cada mês
release-year = cada ano
release-never = e nunca mudam
release-wait = e só mudam com uma divulgação posterior, nunca por um grupo pequeno
release-correct = e só mudam por correções que não são de um grupo pequeno
release = os grupos de { $every } de { $column } são divulgados quando acaba, { $late }

## Row filter
rows-of-consumer = só linhas em que { $filter }, sendo {"{{consumer}}"} quem pergunta
rows = só linhas em que { $filter }

## Schema version
version-exact = enquanto o conjunto de dados tiver o esquema assinado
version-compatible = também quando o conjunto de dados recebe mais colunas, que ficam invisíveis

## Sector
sector = só para o setor { $list }, atestado por um emissor reconhecido

## Service level
service = o fornecedor responde { $availability } % do tempo, 95 de 100 respostas começam em { $p95_ms } ms

## Throughput
rows-per-second = no máximo { $rows } linhas por segundo
concurrent = no máximo { $most } respostas ao mesmo tempo

## Time bucket
time-bucket = { $column } é arredondado para baixo { $to } ({ $zone })
bucket-quarter-hour = ao quarto de hora
bucket-hour = à hora
bucket-day = ao dia
bucket-week = à semana
bucket-month = ao mês
bucket-year = ao ano

## Window
not-before = em vigor a partir de { $from }
not-after = em vigor até { $until }
