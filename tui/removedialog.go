package tui

import (
	"bunnyhop/steps"
)

// newRemoveDialog has the removal of a backup agreed to by the project's name.
func newRemoveDialog(c *common, r BackupRemoval) screen {
	return newNameDialog(c, steps.Gate{
		Kind: steps.GateConfirm, Title: plural(len(r.Going), "backup", "backups") + " will be removed for good",
		Text: removalText(r), Confirm: r.Confirm, Destructive: true,
	}, send(removeBackupMsg{r}), send(dropMsg{"nothing was removed"}))
}

func removalText(r BackupRemoval) string {
	text := ""
	for i, id := range r.Going {
		switch {
		case i == 0:
		case i < len(r.Going)-1:
			text += ", "
		default:
			text += " and "
		}
		text += id
	}
	text += "\n" + size(r.Frees) + " come back; what other backups share stays with them.\n\n"
	if r.Stays == "" {
		return text + "It is not whole, so nothing relies on it."
	}
	return text + "Before that, " + r.Stays + " is read again, on which you rely afterwards. If it is not intact, nothing is removed."
}
