package tui

import (
	"context"
	"time"

	"bunnyhop/internal/progress"
	"bunnyhop/steps/facts"
)

// Backups is what the screens can look at and do with the backups of the
// project. All of it may take long; none of it is done on the screen's time.
type Backups interface {
	// List describes every backup that is here, newest first. It does not wait
	// for the bucket.
	List(ctx context.Context) (BackupList, error)
	// ListBucket describes every backup in the bucket that List names. Each has
	// a Copy, and no Dir.
	ListBucket(ctx context.Context) ([]Backup, error)
	// Verify reads every byte of the backup in dir. With restore its database
	// is also restored into a scratch one and compared. An error that the
	// result calls Bad is about the backup; any other one says why it could
	// not be looked at.
	Verify(ctx context.Context, dir string, restore bool, report progress.Reporter) (BackupCheck, error)
	// VerifyCopy reads every byte of a backup in the bucket.
	VerifyCopy(ctx context.Context, id string, report progress.Reporter) (BackupCheck, error)
	// Send copies the backup in dir to the bucket. With reread what is there
	// already is read first, and replaced where it is damaged.
	Send(ctx context.Context, dir string, reread bool, report progress.Reporter) (BackupSent, error)
	// Fetch brings a backup here from the bucket. key is the path of the file
	// with the private key; empty means the one of the settings, or none.
	Fetch(ctx context.Context, id, key string, report progress.Reporter) (BackupFetched, error)
	// LookRemove says what removing the backup in dir would do. It changes
	// nothing; the error says why the backup has to stay.
	LookRemove(ctx context.Context, dir string) (BackupRemoval, error)
	// LookRemoveCopy says what removing a backup from the bucket would do.
	LookRemoveCopy(ctx context.Context, id string) (BackupRemoval, error)
	// Remove carries out what LookRemove and LookRemoveCopy have shown, or
	// nothing if that would now be something else. It may have more to say.
	Remove(ctx context.Context, shown BackupRemoval, report progress.Reporter) (said string, err error)
}

// BackupList is all backups in a folder.
type BackupList struct {
	Folder  string
	Backups []Backup
	// Bucket is where copies of them are kept, for people; empty means that the
	// settings name no bucket.
	Bucket string
	// HasKey says that the settings name a file with the private key.
	HasKey bool
}

// Backup is a backup as its manifest describes it.
type Backup struct {
	ID       string
	Dir      string // empty for one that is only in the bucket
	Created  time.Time
	Project  string // the folder of the project that it was made of
	Directus string // version
	Database string // vendor and server version
	Full     bool   // not just the database, as the ones of a cutover are
	Bytes    int64
	Shared   int64 // of Bytes, those that lie in earlier backups too
	Parts    []facts.BackupPart
	Skipped  []string // what could not be copied, and why
	External []string // storage that is not on this machine
	Tool     string   // what dumped the database
	Run      string   // which run made it
	Proof    *BackupProof
	Copy     *BackupCopy // what the bucket holds of it; nil for nothing
	// State says that the backup is not whole; Problem says in a sentence why.
	State   BackupState
	Problem string
	Hint    string
}

// BackupCopy is a backup's copy in the bucket.
type BackupCopy struct {
	Uploaded  time.Time
	Stored    int64 // bytes, of which other backups may use some too
	Encrypted bool
	Keys      []string // the public keys; whoever has the private one of any can read it
	Proved    bool     // before it was sent
	Host      string   // the machine that it is of, where that is another one
	// Problem says why the copy cannot be used.
	Problem, Hint string
}

// BackupState is whether a backup is whole.
type BackupState string

// The states.
const (
	BackupWhole      BackupState = ""
	BackupDamaged    BackupState = "damaged"
	BackupUnfinished BackupState = "unfinished"
	BackupRemoving   BackupState = "half removed"
)

// BackupProof is the restore into a scratch database that a backup has passed.
type BackupProof struct {
	At          time.Time
	Tables      int
	Rows        int64
	ForeignKeys int // references that lead nowhere, as they did in the original
}

// BackupCheck is what verifying a backup has shown.
type BackupCheck struct {
	Bytes int64        // read
	Proof *BackupProof // of the restore, if one was asked for
	Bad   bool         // the backup is not what it was
	Notes []string     // what else there is to say, in sentences
}

// BackupSent is what copying a backup to the bucket did.
type BackupSent struct {
	Stored int64 // bytes that are there for it
	Sent   int64 // of those, sent now
	Notes  []string
}

// BackupFetched is what fetching a backup did.
type BackupFetched struct {
	Dir   string
	Bytes int64
	// WrongKey says that an error is about the private key: another file may
	// open the backup.
	WrongKey bool
}

// BackupRemoval is what removing a backup would do in one place.
type BackupRemoval struct {
	ID    string
	Dir   string   // empty for a removal from the bucket
	Going []string // IDs of all that would go, oldest first
	Frees int64    // in the bucket at most: what other backups use stays
	// Stays is the backup in the same place on which one relies afterwards; it
	// is looked at again before anything is removed. Empty when there is
	// nothing to rely on.
	Stays string
	// Confirm is the name to be typed. It is empty when the removal was agreed
	// to before, and is only finished.
	Confirm string
	// Copy is the removal from the bucket that goes with one from here.
	Copy *BackupRemoval
}
