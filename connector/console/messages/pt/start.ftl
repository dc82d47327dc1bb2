
## First steps
steps-link = Primeiros passos: faltam { $open }
steps-title = Primeiros passos
steps-open = Passos que faltam: { $open }. A ordem é livre sempre que possível.
steps-all-done = Todos os primeiros passos estão dados.
step-done = feito
step-missing = falta
step-not-needed = não é necessário
step-other-role = Esta página é para a função: { $roles }
step-identity = Quem é
step-identity-hint = O nome, o domínio, o fuso horário e a língua do seu participante estão na configuração.
step-league = A sua liga
step-league-hint = O pacote de confiança da liga diz em quem o seu conector acredita.
step-reach = Os outros estão acessíveis
step-reach-hint = Pelo menos um outro participante respondeu. A verificação diz, passo a passo, o que impede a ligação.
step-dataset = Primeiro conjunto de dados
step-dataset-hint = Um ficheiro torna-se um conjunto de dados publicado no catálogo.
step-policy = Quem pode saber o quê
step-policy-hint = Uma política diz o que os outros podem fazer com um conjunto de dados.
step-offering = Oferecê-lo
step-offering-hint = Uma oferta dirige uma política aos outros, para que possam pedir um contrato.
step-second-person = Segunda pessoa
step-second-person-hint = Uma segunda pessoa que possa assinar aprova o que exige duas, e substitui-o quando estiver ausente.
step-passkey = A sua chave de acesso
step-passkey-hint = Com uma chave de acesso confirma atos no navegador, sem terminal.
step-backup = Cópia de segurança
step-backup-hint = Uma cópia do estado, feita nesta máquina.
