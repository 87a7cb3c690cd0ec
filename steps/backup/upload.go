package backup

import (
	"context"
	"fmt"
	"strings"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/backup/remote"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// Uploaded is what was copied to the bucket.
var Uploaded = steps.NewSlot[Copy]("upload")

// Copy is a backup's copy in the bucket, with words for it.
type Copy struct{ facts.BackupCopy }

// Upload is the step that copies the proved backup to the bucket that the
// settings name. It comes after the proof, so that the copy carries it.
type Upload struct {
	Site *site.Site
	// Optional asks whether to go on without a copy when the bucket fails: what
	// an upgrade needs is the backup here.
	Optional bool
}

// Check proves by a look at the bucket that it holds this backup.
func (u Upload) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	made, ok := facts.BackedUp.Get(r)
	copied, done := Uploaded.Get(r)
	if !ok || !done || copied.Backup != made.ID || copied.Skipped != "" {
		return steps.Unproved("this backup was not uploaded yet"), nil
	}
	b, err := bucket(r, u.Site.Options())
	if err != nil {
		return steps.Proof{}, err
	}
	_, there, err := remote.Has(ctx, made.Dir, b)
	if reached(ctx, err) {
		return steps.Unproved("the bucket cannot be read: %v", err), nil
	}
	if err != nil {
		return steps.Proof{}, err
	}
	if !there {
		return steps.Unproved("the bucket does not hold this backup"), nil
	}
	return steps.Proved("%s, every piece is there", b.Place), nil
}

// Do uploads.
func (u Upload) Do(ctx context.Context, r *steps.Run) error {
	made, err := facts.BackedUp.Need(r)
	if err != nil {
		return err
	}
	copied, err := u.upload(ctx, r, made)
	if err == nil {
		return Uploaded.Set(r, copied)
	}
	if !reached(ctx, err) {
		return err
	}
	if !u.Optional {
		failure := fault.Wrap(err, "the backup could not be copied to the bucket",
			joinHints(fault.HintOf(err), "then `bunnyhop resume` goes on with the copy, and what is there already is not sent again"))
		failure.State = "the project is as it was; the backup is made and proved, and is in " + made.Dir
		return failure
	}
	return u.without(ctx, r, made, err)
}

func (u Upload) upload(ctx context.Context, r *steps.Run, made facts.Backup) (Copy, error) {
	b, err := bucket(r, u.Site.Options())
	if err != nil {
		return Copy{}, err
	}
	copied, err := b.Push(ctx, made.Dir, r)
	if err == nil {
		r.Summary("%s, %s sent", b.Place, Size(copied.Sent))
	}
	return copied, err
}

// Push copies a backup to the bucket. Where the private key is known here, it
// first sees that it opens what the public ones close.
func (b *Bucket) Push(ctx context.Context, dir string, report progress.Reporter) (Copy, error) {
	identities, err := b.Identities("")
	if err != nil {
		return Copy{}, err
	}
	if !identities.None() && !b.Options.Recipients.None() {
		if err := identities.Open(b.Options.Recipients); err != nil {
			return Copy{}, fault.Wrap(err, "the identity_file does not open what is encrypted to encrypt_to", "name the key pair that belongs together")
		}
	}
	if err := b.Check(ctx); err != nil {
		return Copy{}, err
	}
	pushed, err := remote.Push(ctx, dir, b, b.Options, report)
	if err != nil {
		return Copy{}, err
	}
	s := pushed.Summary
	return Copy{facts.BackupCopy{
		Backup: s.ID, Bucket: b.Place, Encrypted: s.Encrypted, Keys: s.Recipients,
		Bytes: s.StoredBytes, Sent: pushed.Sent, Known: pushed.Known,
	}}, nil
}

// without asks whether to go on with no copy. The backup here is proved, so
// nothing that an upgrade relies on is missing; what is missing is a copy that
// outlives this machine, and that a person has to know before the cutover.
func (u Upload) without(ctx context.Context, r *steps.Run, made facts.Backup, cause error) error {
	_, err := r.Ask(ctx, steps.Gate{
		ID: "upload", Kind: steps.GateFindings, Title: "The backup could not be copied to the bucket",
		Text: "The backup is made and proved, and is in " + made.Dir + ".",
		Flag: "--yes",
		Findings: []advisory.Finding{{
			ID: "backup-not-in-bucket", Severity: advisory.Warning,
			Title:    "there is no copy of this backup outside this machine",
			Evidence: []string{cause.Error()},
			Remedy: joinHints(fault.HintOf(cause),
				"stop here, put it right and resume; or go on, and copy it later with `bunnyhop backup upload "+made.ID+"`"),
		}},
	})
	if err != nil {
		return err
	}
	r.Summary("no copy in the bucket")
	return Uploaded.Set(r, Copy{facts.BackupCopy{Backup: made.ID, Skipped: cause.Error()}})
}

func joinHints(hints ...string) string {
	var said []string
	for _, h := range hints {
		if h != "" {
			said = append(said, h)
		}
	}
	return strings.Join(said, "; ")
}

// String says in one line what was copied.
func (c Copy) String() string {
	if c.Skipped != "" {
		return "no copy in the bucket: " + c.Skipped
	}
	return fmt.Sprintf("%s: %s, %s of it sent now", c.Bucket, Size(c.Bytes), Size(c.Sent))
}
