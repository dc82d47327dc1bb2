
## Groups
groups-title = Groups
groups-what = A contract may be for a group. Its members are on a list that this participant signs and renews by itself.
groups-none = This participant has no group yet.
groups-caption = Groups and their members
groups-more = The list shows the first ones; groups in all: { $number }
group-name = Group
group-members = Members
group-until = End of the list
group-in-force = in force
group-add = Add to a group
group-add-title = Check before you add to a group
group-add-done = The new list is signed and in force.
group-add-effect = The participants get what contracts for the group let out, from now on.
group-add-second = Where two persons are needed, nothing changes until another person has added the same participants.
group-name-hint = Small letters, digits and hyphens. A group that does not exist is made.
group-name-fault = Give the name of a group
group-participants = Participants
group-participants-hint = Domains or aliases of members of the league, one a line.
group-participants-fault = Give at least one participant, one a line
group-remove = Remove members
group-remove-title = Check before you remove members
group-remove-done = The new list is signed and in force.
group-remove-effect = Answers that run for these members under contracts for the group are cut. They get nothing more under them.
group-remove-again = To undo it, add them again.
group-members-fault = Choose at least one member
