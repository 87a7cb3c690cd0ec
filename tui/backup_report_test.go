package tui

import (
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

func init() {
	scenes["report-bucket"] = func(p *playhouse) {
		p.until("")
		p.events(
			learn("upload", "upload", facts.BackupCopy{Bucket: bucketPlace, Encrypted: true, Keys: []string{publicKey}, Bytes: 402_118_004, Sent: 11_204_113}),
			learn("retention", "retention", facts.Retention{
				Here: []string{"20260901-090000-backup-beef00", "20260801-090000-backup-facade"}, Bucket: []string{"20260401-120000-backup-0ddba1"},
				Problems: []string{"20260301-090000-backup-bad000: permission denied"},
			}),
			finished(steps.Result{Status: steps.Done}))
	}
	scenes["report-no-copy"] = func(p *playhouse) {
		p.until("")
		p.events(
			learn("upload", "upload", facts.BackupCopy{Skipped: "dial tcp 198.51.100.7:443: connect: connection refused"}), learn("retention", "retention", facts.Retention{}),
			finished(steps.Result{Status: steps.Done}))
	}
}
