
## Comparison of terms
compare = Comparar com outra versão
compare-title = Comparação de { $subject }
compare-from-to = De { $old } para { $new }:
compare-last-message = O que a última mensagem alterou:
compare-nothing = Nenhuma mensagem alterou as condições. Escolha outra versão abaixo.
compare-back = Voltar à página
compare-caption = Cláusulas diferentes; as palavras diferentes estão assinaladas
compare-before = Antes
compare-after = Depois
compare-effect = Efeito
compare-no-clause = sem esta cláusula
compare-verdict = No conjunto: { $verdict }
compare-same-clauses = As cláusulas são as mesmas.
compare-lines = Todas as alterações em inglês, também das partes que não são cláusulas
compare-candidates = Outras versões sobre o mesmo conjunto de dados
compare-none = Não há outro contrato nem outra negociação sobre este conjunto de dados.
compare-more = Há outras que não constam desta lista.
effect-same = os mesmos dados
effect-tighter = menos dados (mais restrito)
effect-looser = mais dados (mais aberto)
effect-open = não comparável: leia ambas

## Answer with other terms
counter = Responder com outras condições
counter-title = Responder com outras condições
counter-done = A resposta com outras condições está assinada e enviada.
counter-effect = A resposta é assinada por este participante e enviada ao outro, que é então o próximo a responder.
counter-replaces = Toma o lugar da proposta. Esta deixa de poder ser assinada.
counter-binds-nobody = Não faz nenhum contrato: para isso assinam ambas as partes.
counter-unsupported = O formulário não consegue exprimir estas cláusulas: { $clauses }. Estão no texto como comentários, e a resposta omiti-las-ia.
counter-terms = Condições
counter-terms-hint = Como num ficheiro de política. Altere, acrescente ou retire linhas.
counter-terms-fault = Corrija as condições

## Request for a contract
request = Pedir um contrato
request-title = Verifique antes de pedir um contrato
request-done = O pedido está assinado e enviado.
request-effect = O pedido é assinado por este participante e enviado a { $other }, com as condições tal como são oferecidas.
request-signatures = Se a outra parte concordar, a página fica aqui à espera de uma assinatura, a não ser que a oferta assine por si.
request-binds-nobody = Só o pedido não faz nenhum contrato.
request-has-contract = Contratos em vigor aqui sobre este conjunto de dados: { $number }
request-offer = Oferta
request-offer-fault = Escolha uma oferta
request-language = Língua da página que ambas as partes assinam
request-language-hint = A página é assinada apenas nesta língua.
request-language-fault = Escolha uma língua
