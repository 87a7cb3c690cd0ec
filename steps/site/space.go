package site

import (
	"context"
	"errors"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/disk"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// RoomForCopy checks, right before a copy of the database is made, that it
// fits. Where a server keeps its data on another machine, or does not tell,
// nothing is known, and the restore itself will say it.
func (s *Site) RoomForCopy(ctx context.Context, r *steps.Run, scratch connect.Scratch) error {
	seen, err := facts.Inspected.Need(r)
	if err != nil {
		return err
	}
	dir := scratch.Dir
	if vendor, _ := scratch.Config.Vendor(); vendor != database.SQLite {
		db, err := connect.Open(ctx, scratch.Config, connect.ReadOnly)
		if err != nil {
			return nil //nolint:nilerr // the restore says what is wrong there
		}
		dir = database.DataDirHere(ctx, db, scratch.Config)
		if err := db.Close(); err != nil || dir == "" {
			return err
		}
	}
	err = disk.Require(disk.Need{Path: dir, What: "a copy of the database", Room: disk.Room{Bytes: seen.DatabaseBytes}})
	return TooFull(err, "for a copy of the database")
}

// TooFull makes an error of disk.Require one for people; any other stays as it
// is. Purpose ends "there is not enough space".
func TooFull(err error, purpose string) error {
	var lacks *disk.FullError
	if !errors.As(err, &lacks) {
		return err
	}
	full := fault.Wrap(err, "there is not enough space "+purpose, "make room there, then `bunnyhop resume` goes on")
	full.State = "the project was not touched"
	return full
}
