package backup

import (
	"context"
	"errors"

	"bunnyhop/internal/backup/remote"
	"bunnyhop/internal/backup/remote/keys"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// Verify reads every byte of a backup in the bucket. Without a private key
// what is encrypted is compared as it is stored. Damage takes the proof back
// that is on record there.
func (b *Bucket) Verify(ctx context.Context, id, identity string, report progress.Reporter) (*remote.Checked, error) {
	identities, err := b.Identities(identity)
	if err != nil {
		return nil, err
	}
	checked, err := remote.Verify(ctx, b, id, identities, report)
	if err != nil {
		return nil, remote.Unprove(ctx, b, id, err)
	}
	return checked, nil
}

// Send is Push for work that is no run: a failure says what that leaves. With
// reread what is in the bucket already is read first, and replaced where it is
// damaged.
func (b *Bucket) Send(ctx context.Context, dir string, reread bool, report progress.Reporter) (Copy, error) {
	again := *b
	again.Options.Reread = reread
	copied, err := again.Push(ctx, dir, report)
	if err == nil {
		return copied, nil
	}
	if ctx.Err() != nil {
		return Copy{}, ctx.Err()
	}
	failure := fault.Wrap(err, "the backup could not be copied to the bucket", fault.HintOf(err)).WithCode(fault.CodeOf(err))
	failure.State = "the backup here is as it was; what was sent stays, and the next try goes on with it"
	return Copy{}, failure
}

// WrongKey reports whether an error is about the private key in a file, or
// about there being none: another file may open what that one does not.
func (b *Bucket) WrongKey(err error, identity string) bool {
	var none *keys.NoKeyError
	if errors.As(err, &none) {
		return true
	}
	if err == nil {
		return false
	}
	_, unread := b.Identities(identity)
	return unread != nil
}
