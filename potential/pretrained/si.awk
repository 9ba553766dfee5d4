# Puts the shear of silicon's stresses right: in the file of the mlearn set all frames
# but the strained ones have yz and xz exchanged. `ponita check` says so of dynamics and
# vacancies; of most of the twelve surfaces their symmetry does, by which one of the two is zero.
# A stress is nine numbers, xx xy xz yx yy yz zx zy zz. From the project's root,
#
#	mkdir -p runs
#	awk -f potential/pretrained/si.awk ../shared/data/mlearn/Si_train.xyz > runs/Si_train.xyz
/ stress="/ && !/config_type="Elastic"/ {
	match($0, / stress="[^"]*"/)
	split(substr($0, RSTART + 9, RLENGTH - 10), s, " ")
	$0 = substr($0, 1, RSTART) "stress=\"" s[1] " " s[2] " " s[6] " " s[4] " " s[5] " " s[3] " " s[8] " " s[7] " " s[9] "\"" substr($0, RSTART + RLENGTH)
}
{ print }
