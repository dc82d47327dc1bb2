
## Settings
settings-title = Definições
settings-title-of = Definições: { $section }
settings-configuration = Configuração
settings-people = Pessoas
settings-tokens = Tokens de acesso
settings-own = A sua conta
settings-file = Ficheiro de configuração
settings-state = Pasta de estado
settings-how = A configuração é um ficheiro. Altere-o com um editor e execute depois o comando hansa reload.
settings-sections-caption = Secções da configuração
settings-section = Secção
settings-set = Chaves com valor
settings-known = Chaves no total
settings-all-sections = Todas as secções
settings-no-keys = A configuração não tem chaves aqui.
settings-keys-caption = Chaves da secção
settings-key = Chave
settings-value = Valor
settings-from = Origem
settings-meaning = Significado
settings-effect = Produz efeito
settings-secret = *** (secreto)
settings-no-value = não definido
settings-default = predefinição
settings-no-meaning = A referência não diz mais sobre isto.
settings-at-reload = depois de hansa reload
settings-at-start = no próximo arranque

## People
people-title = Pessoas
people-what = Estas pessoas podem iniciar sessão aqui. Constam da configuração; uma alteração das suas funções termina as suas sessões.
people-none = Não consta nenhuma pessoa da configuração.
people-caption = Pessoas deste participante
person-name = Nome
person-roles = Funções
person-unix = Utilizador Unix
person-oidc = Conta no fornecedor de identidade
people-roles = O que significam as funções
roles-caption = Funções e os seus direitos
role-name = Função
role-in-file = Palavra no ficheiro
role-may = Direitos
role-officer-may = Lê os conjuntos de dados próprios, as políticas, os contratos e as suas evidências; redige, comenta e recusa.
role-signer-may = Assina e denuncia contratos, além de ser responsável.
role-analyst-may = Lê o catálogo e os contratos deste participante; faz consultas.
role-auditor-may = Lê os contratos, as evidências e a configuração; verifica e exporta.
role-operator-may = Opera o conector: lê o seu estado e a sua configuração, verifica-o e faz cópias de segurança.

## Access tokens
tokens-title = Tokens de acesso
tokens-what = Com um token de acesso, o programa de uma pessoa faz consultas. O segredo do token é mostrado uma única vez, quando é criado.
tokens-none = Não existe nenhum token de acesso.
tokens-caption = Tokens de acesso, sem os seus segredos
token-id = Token
token-person = Pessoa
token-purposes = Finalidades
token-contract = Contrato
token-until = Fim
token-state = Estado
token-person-erased = apagado
token-no-purpose = nenhuma
token-all-contracts = todos deste participante
token-valid = válido
token-over = terminado
token-revoked = revogado

## Own person
own-title = A sua conta
own-roles-from = As funções constam da configuração do conector; ninguém as altera aqui.
own-sessions = Sessões
own-sessions-caption = As suas sessões, a mais recente primeiro
own-session = Sessão
own-opened = Início
own-used = Último pedido
own-this-session = esta
own-ago = há { $time }
own-session-life = Uma sessão termina após { $idle } sem pedidos e { $longest } após o seu início.
own-session-strange = Vê uma sessão que não é sua? Termine a sua e avise quem opera o conector: um reinício termina todas as sessões.

## Errors
error-title = Erro { $code }
error-cause = Causa
error-remedy = Solução
error-own-sentence = A página ou o comando que mostrou este código tem uma frase própria com os pormenores.

## Statements
nav-statements = Sobre esta consola
accessibility-title = Acessibilidade
accessibility-goal = Estas páginas destinam-se a cumprir a EN 301 549 e as WCAG 2.2, nível AA.
accessibility-tested = O que é verificado
accessibility-axe = As páginas são verificadas com o axe no Chromium.
accessibility-keyboard = As páginas podem ser usadas só com o teclado, e o foco é sempre visível.
accessibility-narrow = As páginas podem ser lidas sem deslocamento lateral numa largura de 320 píxeis.
accessibility-scripts = As páginas funcionam sem scripts, em cores claras e escuras, com cores forçadas e na impressão.
accessibility-limits = Limites conhecidos
accessibility-english = As frases dos comandos e dos erros estão em inglês e são assinaladas como tal para os leitores de ecrã.
accessibility-others = Os textos de outros participantes são mostrados tal como foram escritos; a sua língua muitas vezes não é indicada.
accessibility-people = As páginas ainda não foram testadas com pessoas com deficiência.
accessibility-contact = Contacto
accessibility-write = Comunique-nos uma barreira:
accessibility-no-contact = Este participante não indicou nenhum contacto. Dirija-se a quem opera o conector.
licences-title = Licenças
licences-own = O Hansa é software livre sob a licença Apache, versão 2.0.
licences-parts = O programa contém partes de outros autores sob as suas próprias licenças livres. Cada edição traz uma lista de componentes que as indica.
licences-fonts = As páginas usam os tipos de letra do seu sistema, sem scripts nem ficheiros de outra máquina.
