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
	// List describes every backup, newest first.
	List(ctx context.Context) (BackupList, error)
	// Verify reads every byte of the backup in dir. With restore its database
	// is also restored into a scratch one and compared. An error that the
	// result calls Bad is about the backup; any other one says why it could
	// not be looked at.
	Verify(ctx context.Context, dir string, restore bool, report progress.Reporter) (BackupCheck, error)
	// LookRemove says what removing the backup in dir would do. It changes
	// nothing; the error says why the backup has to stay.
	LookRemove(ctx context.Context, dir string) (BackupRemoval, error)
	// Remove carries out what LookRemove has shown, or nothing if that would
	// now be something else.
	Remove(ctx context.Context, shown BackupRemoval, report progress.Reporter) error
}

// BackupList is all backups in a folder.
type BackupList struct {
	Folder  string
	Backups []Backup
}

// Backup is a backup as its manifest describes it.
type Backup struct {
	ID, Dir  string
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
	// State says that the backup is not whole; Problem says in a sentence why.
	State   BackupState
	Problem string
	Hint    string
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
}

// BackupRemoval is what removing a backup would do.
type BackupRemoval struct {
	Dir   string
	Going []string // IDs of all that would go, oldest first
	Frees int64
	// Stays is the backup on which one relies afterwards; it is read again
	// before anything is removed. Empty when there is nothing to rely on.
	Stays string
	// Confirm is the name to be typed. It is empty when the removal was agreed
	// to before, and is only finished.
	Confirm string
}
