package tui

import (
	"context"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
)

// lookRemove looks at every place where a backup is.
func (s *backupsScreen) lookRemove(of *Backup) tea.Cmd {
	j, b := s.begin(jobLookRemove, of), *of
	return j.do(func(ctx context.Context, _ progress.Reporter) tea.Msg {
		here, copied, err := lookEverywhere(ctx, s.c.ses.opts.Backups, &b)
		return backupRemovalMsg{job: j, here: here, copy: copied, err: err}
	})
}

// lookEverywhere says what removing a backup would do where it is. An error
// beside a removal is why it has to stay in the other place.
func lookEverywhere(ctx context.Context, all Backups, b *Backup) (here, copied *BackupRemoval, err error) {
	var why [2]error
	if b.Dir != "" {
		var r BackupRemoval
		if r, why[0] = all.LookRemove(ctx, b.Dir); why[0] == nil {
			here = &r
		}
	}
	if b.Copy != nil {
		var r BackupRemoval
		if r, why[1] = all.LookRemoveCopy(ctx, b.ID); why[1] == nil {
			copied = &r
		}
	}
	switch {
	case why[0] != nil && why[1] != nil:
		both := fault.Newf("here: %v; in the bucket: %v", why[0], why[1]).WithHint("%s", fault.HintOf(why[0]))
		both.State = "nothing was removed"
		return nil, nil, both
	case why[0] != nil:
		return nil, copied, why[0]
	}
	return here, copied, why[1]
}

// ask has a removal agreed to, or says why it cannot be.
func (s *backupsScreen) ask(msg backupRemovalMsg) tea.Cmd {
	j := s.job
	s.job = nil
	switch {
	case msg.here == nil && msg.copy == nil:
		s.outcomes[j.of.key()] = backupOutcome{kind: jobRemove, err: msg.err, stopped: j.stopped}
		return nil
	case j.stopped:
		return nil
	case j.of.Dir != "" && j.of.Copy != nil:
		return send(askMsg{newPlacesDialog(s.c, &j.of, msg)})
	case msg.here == nil:
		return send(askMsg{newCopyRemoveDialog(s.c, &j.of, *msg.copy)})
	case msg.here.Confirm == "":
		return s.remove(*msg.here)
	}
	return send(askMsg{newRemoveDialog(s.c, *msg.here)})
}

// remove carries out what was agreed to.
func (s *backupsScreen) remove(r BackupRemoval) tea.Cmd {
	of := &Backup{ID: r.ID, Dir: r.Dir}
	for i := range s.all.Backups {
		if b := &s.all.Backups[i]; r.Dir != "" && b.Dir == r.Dir || r.Dir == "" && b.ID == r.ID && b.Copy != nil {
			of = b
		}
	}
	j := s.begin(jobRemove, of)
	j.removal = r
	j.reads = "first reading " + cleanText(r.Stays) + " again, which stays"
	return j.do(func(ctx context.Context, report progress.Reporter) tea.Msg {
		said, err := s.c.ses.opts.Backups.Remove(ctx, r, report)
		return backupDoneMsg{job: j, said: said, err: err}
	})
}

// goneText says what was removed.
func (j *backupJob) goneText(said string) string {
	text := cleanText(j.of.ID) + " is removed"
	switch {
	case j.removal.Copy != nil:
		text += " here and from the bucket"
	case j.removal.Dir == "":
		text += " from the bucket"
	case j.of.Copy != nil:
		text += " here"
	}
	if said != "" {
		text += "; " + cleanText(said)
	}
	return text
}

// newCopyRemoveDialog has a removal agreed to that is not only of what is
// here.
func newCopyRemoveDialog(c *common, of *Backup, r BackupRemoval) screen {
	title := plural(len(r.Going), "backup", "backups") + " will be removed "
	switch {
	case r.Copy != nil:
		title += "for good, here and in the bucket"
	case r.Dir != "":
		title += "here"
	case of.Dir != "":
		title += "from the bucket"
	default:
		title += "from the bucket, for good"
	}
	return newNameDialog(c, steps.Gate{
		Kind: steps.GateConfirm, Title: title, Text: placesText(of, r), Confirm: r.confirm(), Destructive: true,
	}, send(removeBackupMsg{r}), send(dropMsg{"nothing was removed"}))
}

// confirm is the name to be typed.
func (r BackupRemoval) confirm() string {
	if r.Confirm == "" && r.Copy != nil {
		return r.Copy.Confirm
	}
	return r.Confirm
}

// placesText is what a removal means in each place where the backup is.
func placesText(of *Backup, r BackupRemoval) string {
	switch {
	case r.Copy != nil:
		return removalText(r) + "\n\n" + copyRemovalText(*r.Copy)
	case r.Dir == "" && of.Dir != "":
		return copyRemovalText(r) + "\n\nIt stays here, in " + of.Dir + "."
	case r.Dir == "":
		return copyRemovalText(r)
	case of.Copy != nil && of.Copy.Encrypted:
		return removalText(r) + "\n\nIts copy in the bucket stays. To fetch that takes the private key."
	case of.Copy != nil:
		return removalText(r) + "\n\nIts copy in the bucket stays."
	}
	return removalText(r)
}

func copyRemovalText(r BackupRemoval) string {
	text := "From the bucket: " + r.ID + ", up to " + size(r.Frees) + "; what other backups there use stays with them. "
	if r.Stays == "" {
		return text + "No other whole backup is in the bucket to rely on."
	}
	return text + "There you rely on " + r.Stays + " afterwards, every object of which is looked for first."
}

// placesDialog asks from where a backup is to be removed.
type placesDialog struct {
	pane
	keySet
	c        *common
	of       *Backup
	choices  []homeItem
	removals []BackupRemoval // what each choice means
	list     list
}

// newPlacesDialog is for a backup that is here and in the bucket.
func newPlacesDialog(c *common, of *Backup, msg backupRemovalMsg) screen {
	d := &placesDialog{c: c, of: of}
	d.choices, d.removals = placeChoices(msg.here, msg.copy, msg.err)
	d.list.resize(len(d.choices), len(d.choices))
	for d.choices[d.list.at].why != "" {
		d.list.at++
	}
	d.keySet = keySet{func() []keyed {
		return []keyed{live(keyMove), unless(d.choices[d.list.at].why, as("choose", keyEnter)), live(as("leave it", keyEscape))}
	}}
	return d
}

// placeChoices are the places, with what one relies on in each afterwards.
// why says why one of the removals is not possible.
func placeChoices(here, copied *BackupRemoval, why error) ([]homeItem, []BackupRemoval) {
	items := []homeItem{{title: "Only here"}, {title: "Only from the bucket"}, {title: "From both", about: "nothing of it is left"}}
	removals := make([]BackupRemoval, len(items))
	for i, r := range []*BackupRemoval{here, copied} {
		if r == nil {
			items[i].why = cleanText(why.Error())
			items[2].why = []string{"it has to stay here", "it has to stay in the bucket"}[i]
			continue
		}
		removals[i] = *r
		items[i].about = []string{"", "up to "}[i] + size(r.Frees) + " come back; you then rely on " + cleanText(r.Stays) + " there"
		if r.Stays == "" {
			items[i].about = "nothing else is there to rely on"
		}
	}
	if here != nil && copied != nil {
		removals[2] = *here
		removals[2].Copy = copied
	}
	return items, removals
}

// Update implements screen.
func (d *placesDialog) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	switch {
	case d.list.Update(press):
	case key.Matches(press, keyEscape):
		return send(dropMsg{"nothing was removed"})
	case key.Matches(press, keyEnter):
		return send(askMsg{newCopyRemoveDialog(d.c, d.of, d.removals[d.list.at])})
	}
	return nil
}

// View implements screen.
func (d *placesDialog) View() string {
	c, w := d.c, d.w-6
	rows := c.dialogRows(d.choices, d.list.at, w, d.h-7)
	lines := append(c.clip(wrap(cleanText(d.of.ID)+" is here and in the bucket.", w), d.h-5-len(rows)), "")
	return c.frame("Remove it from where?", append(lines, rows...), d.w, true)
}
