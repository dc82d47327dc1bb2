
## Acts of operators
running-act = Terminar
cut-title = Verifique antes de terminar a resposta
cut = Terminar a resposta
cut-done = A resposta foi terminada.
cut-effect = A resposta é interrompida agora. O registo de auditoria fecha-a com o código ANSWER_CANCELLED, e quem perguntou é informado.
cut-for-good = As linhas já enviadas ficam com a outra parte. Não podem ser recuperadas.
reload-title = Verifique antes de recarregar
reload = Recarregar
reload-done = A configuração foi lida de novo.
reload-effect = O conector lê de novo a sua configuração, os conjuntos de dados, os certificados e o pacote de confiança. As respostas em curso continuam.
reload-faults = Se uma parte tiver um erro, continua em vigor o que valia antes, e a página seguinte indica-o. As pessoas cujas funções mudaram voltam a iniciar sessão.
