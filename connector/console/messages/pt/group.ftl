
## Groups
groups-title = Grupos
groups-what = Um contrato pode ser para um grupo. Os seus membros constam de uma lista que este participante assina e renova por si.
groups-none = Este participante ainda não tem nenhum grupo.
groups-caption = Grupos e os seus membros
groups-more = A lista mostra os primeiros; grupos ao todo: { $number }
group-name = Grupo
group-members = Membros
group-until = Fim da lista
group-in-force = em vigor
group-add = Adicionar a um grupo
group-add-title = Verifique antes de adicionar a um grupo
group-add-done = A nova lista está assinada e em vigor.
group-add-effect = Os participantes recebem, a partir de agora, o que os contratos para o grupo deixam sair.
group-add-second = Onde são precisas duas pessoas, nada muda até outra pessoa ter adicionado os mesmos participantes.
group-name-hint = Letras minúsculas, algarismos e hífenes. Um grupo que não exista é criado.
group-name-fault = Indique o nome de um grupo
group-participants = Participantes
group-participants-hint = Domínios ou nomes curtos de membros da liga, um por linha.
group-participants-fault = Indique pelo menos um participante, um por linha
group-remove = Remover membros
group-remove-title = Verifique antes de remover membros
group-remove-done = A nova lista está assinada e em vigor.
group-remove-effect = As respostas em curso para estes membros ao abrigo de contratos para o grupo são interrompidas. Nada mais recebem ao abrigo deles.
group-remove-again = Para o desfazer, volte a adicioná-los.
group-members-fault = Escolha pelo menos um membro
