package tui

import (
	"encoding/json"

	"bunnyhop/internal/advisory"
	"bunnyhop/steps/facts"
)

// learned is what the run has recorded, in the typed form of package facts.
type learned struct {
	inspection   *facts.Inspection
	releases     *facts.Releases
	outlook      *advisory.Outlook
	target       *facts.Target
	findings     *facts.Findings
	backup       *facts.Backup
	proof        *facts.BackupProof
	upload       *facts.BackupCopy
	retention    *facts.Retention
	stage        *facts.Stage
	rehearsal    *facts.Rehearsal
	review       *facts.Review
	stop         *facts.Stop
	final        *facts.Backup
	migration    *facts.Migration
	start        *facts.Start
	verification *facts.Verification
	report       *facts.Report
}

// take reads one fact. Facts that no screen shows are passed over.
func (l *learned) take(key string, raw json.RawMessage) {
	switch key {
	case "inspection":
		read(raw, &l.inspection)
	case "releases":
		read(raw, &l.releases)
	case "outlook":
		read(raw, &l.outlook)
	case "target":
		read(raw, &l.target)
	case "findings":
		read(raw, &l.findings)
	case "backup":
		read(raw, &l.backup)
	case "proof":
		read(raw, &l.proof)
	case "upload":
		read(raw, &l.upload)
	case "retention":
		read(raw, &l.retention)
	case "stage":
		read(raw, &l.stage)
	case "rehearsal":
		read(raw, &l.rehearsal)
	case "review":
		read(raw, &l.review)
	case "stop":
		read(raw, &l.stop)
	case "final_backup":
		read(raw, &l.final)
	case "migration":
		read(raw, &l.migration)
	case "start":
		read(raw, &l.start)
	case "verification":
		read(raw, &l.verification)
	case "report":
		read(raw, &l.report)
	}
}

// read decodes and cleans; a fact that cannot be read leaves the screen
// without it, which says less but nothing wrong.
func read[T any](raw json.RawMessage, to **T) {
	var value T
	if json.Unmarshal(raw, &value) == nil {
		value = clean(value)
		*to = &value
	}
}
