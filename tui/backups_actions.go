package tui

import (
	"slices"

	"charm.land/bubbles/v2/key"
)

// The keys that are there only with a bucket.
var (
	keyVerifyCopy = bind("V", "in bucket", "V")
	keySend       = bind("u", "send to the bucket", "u")
	keyFetch      = bind("f", "fetch", "f")
	keyReadBucket = bind("b", "read the bucket", "b")
)

// backupAction is something that can be done with a backup.
type backupAction struct {
	kind  backupJobKind
	key   key.Binding
	title string // where a line has room for it
	why   string // why it cannot be done now
}

// actions are what fits a backup: what it is, and where it is.
func (s *backupsScreen) actions(raw, b *Backup) []backupAction {
	whole, database := "", ""
	switch {
	case b.State == BackupDamaged:
		whole = "its manifest cannot be read"
	case b.State != BackupWhole:
		whole = "it is " + string(b.State)
	case !hasDatabase(b):
		database = "it holds no database"
	}
	if raw.Dir == "" {
		return []backupAction{
			{jobVerifyCopy, keyVerify, "Verify: read every byte of it in the bucket", whole},
			{jobRestore, keyRestore, "Restore: fetch it from the bucket first", s.unrestorable(whole + database)},
			{jobFetch, keyFetch, "Fetch it from the bucket", whole},
			{jobRemove, keyRemove, "Remove", ""},
		}
	}
	all := []backupAction{
		{jobVerify, keyVerify, "Verify: read every byte again", whole},
		{jobProve, keyProve, "Prove: also restore it into a scratch database", whole + database},
		{jobRestore, keyRestore, "Restore", s.unrestorable(whole + database)},
		{jobRemove, keyRemove, "Remove", ""},
	}
	if s.here.Bucket == "" {
		return all
	}
	if b.Copy == nil {
		return append(all, backupAction{jobSend, as("send", keySend), "Send it to the bucket", s.unsendable(whole)})
	}
	// Beside "verify", which its name goes on with.
	all = slices.Insert(all, 1, backupAction{jobVerifyCopy, keyVerifyCopy, "Verify in the bucket: read every byte of the copy", b.Copy.problem()})
	if _, bad := s.bad(raw); bad {
		all = slices.Insert(all, 0, backupAction{jobSend, as("send again", keySend), "Send it to the bucket again, and replace what is damaged there", s.unsendable(whole)})
	}
	return all
}

// problem is why a copy cannot even be read.
func (c *BackupCopy) problem() string {
	if c.Problem != "" {
		return "what describes it there is damaged"
	}
	return ""
}

// unsendable is why nothing can be sent to the bucket now.
func (s *backupsScreen) unsendable(why string) string {
	switch {
	case why != "":
	case s.bucket.err != nil:
		return "the bucket could not be read; b tries again"
	case !s.bucket.known():
		return "the bucket is still being read"
	}
	return why
}

// unrestorable is why no restore can be begun now.
func (s *backupsScreen) unrestorable(why string) string {
	if open := s.c.home.Unfinished; why == "" && open != nil && open.Touched {
		return "the unfinished " + open.Flow + " comes first"
	}
	return why
}

// bad reports what was found to be damaged: the backup here, or its copy.
func (s *backupsScreen) bad(raw *Backup) (here, copied bool) {
	o := s.outcomes[raw.key()]
	copied = raw.Copy != nil && raw.Copy.Problem != ""
	switch {
	case !o.check.Bad:
	case o.kind == jobVerifyCopy:
		copied = true
	default:
		here = true
	}
	return here, copied
}

func hasDatabase(b *Backup) bool {
	for _, part := range b.Parts {
		if part.Name == backupParts[0] {
			return part.Included
		}
	}
	return false
}

func (s *backupsScreen) bindings() []keyed {
	switch {
	case s.question != nil:
		return []keyed{live(as("fetch it", keyEnter)), live(as("leave it", keyEscape))}
	case s.job != nil && s.job.stopped:
		return []keyed{unless("it is stopping already", as("stop it", keyEscape))}
	case s.job != nil:
		return []keyed{live(as("stop it", keyEscape))}
	}
	var keys []keyed
	raw, b := s.selected()
	if b != nil {
		for _, action := range s.actions(raw, b) {
			keys = append(keys, unless(action.why, action.key))
		}
	}
	keys = append(keys, live(keyEscape))
	if len(s.shown.Backups) > 1 {
		keys = append(keys, live(keyMove))
	}
	if s.here.Bucket != "" {
		again := live(as("read the bucket again", keyReadBucket))
		if s.bucket.reading != nil {
			again.why = "the bucket is being read"
		}
		if s.bucket.err != nil {
			keys = append([]keyed{again}, keys...)
		} else {
			keys = append(keys, again)
		}
	}
	if view := &s.detail.view; b != nil && (!view.AtBottom() || view.YOffset() > 0) {
		keys = append(keys, live(keyDetailDown), live(keyDetailUp))
	}
	return keys
}
