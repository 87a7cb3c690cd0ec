package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/mattn/go-sqlite3"

	"bunnyhop/internal/durable"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// reached is called when Restore has reached a point; tests kill the process
// there.
var reached = func(string) {}

// Restore replaces the database at filename with a dump.
//
// The order makes it safe to be killed at any instant. A log (-wal) or hot
// journal belongs to one main file; beside another one SQLite would replay it
// and destroy that database. So the old database takes its log in first, by
// SQLite's own means; only then is the new file renamed over it:
//
//	copy beside, flush, check    old database, untouched
//	fold the old log in          old database, complete in its main file
//	remove leftovers, flush      the same
//	rename, flush                new database, nothing beside it
//
// An old database too damaged for that is first kept aside with its log.
// After a kill, running Restore again finishes the work.
func Restore(ctx context.Context, filename, dump string, report progress.Reporter) error {
	if !filepath.IsAbs(filename) {
		return fmt.Errorf("restoring the database: the path %q is not absolute", filename)
	}
	target, old, err := restoreTarget(filename)
	if err != nil {
		return err
	}
	if err := unused(ctx, target, old); err != nil {
		return err
	}
	temp := filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+".restoring")
	err = prepare(ctx, dump, temp, old, report)
	if err == nil {
		err = swap(ctx, temp, target, old)
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		full := fault.Wrap(err, "there is not enough space beside the database for the restored one",
			"make room on the disk of "+filepath.Dir(target)+", then restore again")
		full.State = "the database is as it was"
		err = full
	}
	if err != nil {
		return errors.Join(err, removeDatabase(temp))
	}
	return nil
}

// restoreTarget resolves the file to replace; old is nil if there is none.
func restoreTarget(filename string) (target string, old fs.FileInfo, err error) {
	target, err = filepath.EvalSymlinks(filename)
	if errors.Is(err, fs.ErrNotExist) {
		dir, err := filepath.EvalSymlinks(filepath.Dir(filename))
		if err != nil {
			return "", nil, fault.Wrap(err, "the folder for the database cannot be reached", "make it, then restore again")
		}
		return filepath.Join(dir, filepath.Base(filename)), nil, nil
	}
	if err != nil {
		return "", nil, fmt.Errorf("finding the database to replace: %w", err)
	}
	old, err = os.Stat(target)
	if err != nil {
		return "", nil, fmt.Errorf("looking at the database to replace: %w", err)
	}
	if !old.Mode().IsRegular() {
		return "", nil, fault.New(filename+" is not a file but a "+kind(old.Mode()), "check DB_FILENAME")
	}
	return target, old, nil
}

func unused(ctx context.Context, target string, old fs.FileInfo) error {
	if old != nil && openHere(idOfInfo(old)) {
		return fmt.Errorf("restoring %s: this process still has it open", target)
	}
	users, err := sessions(ctx, target)
	if err != nil {
		return err
	}
	if len(users) > 0 {
		return fault.New("the database "+target+" is in use by "+strings.Join(users, ", "),
			"stop the server first, then restore again")
	}
	return nil
}

// prepare makes the new file, complete and checked, with the mode and owner
// of the old one.
func prepare(ctx context.Context, dump, temp string, old fs.FileInfo, report progress.Reporter) error {
	if err := create(temp); err != nil {
		return err
	}
	if err := copyFile(ctx, dump, temp, report); err != nil {
		return fmt.Errorf("copying the dump beside the database: %w", err)
	}
	reached("copied")
	if err := checkFile(ctx, temp); err != nil {
		return fault.Wrap(err, "the dump "+dump+" did not pass SQLite's own check", "verify the backup, or take another one")
	}
	if old != nil {
		stat := old.Sys().(*syscall.Stat_t)
		if err := os.Chown(temp, int(stat.Uid), int(stat.Gid)); err != nil {
			return fault.Wrap(err, "the restored database cannot be given to the owner of the old one",
				"run bunnyhop as the user that runs Directus, or as root")
		}
		if err := os.Chmod(temp, old.Mode().Perm()); err != nil {
			return fmt.Errorf("setting the mode of the restored database: %w", err)
		}
		if _, err := durable.File(temp); err != nil {
			return fmt.Errorf("flushing the restored database: %w", err)
		}
	}
	reached("checked")
	return nil
}

func checkFile(ctx context.Context, path string) error {
	pool, err := sql.Open("sqlite3", immutable(path))
	if err != nil {
		return err
	}
	defer pool.Close() //nolint:errcheck // nothing is lost
	lines, err := damage(ctx, pool)
	if err == nil && len(lines) > 0 {
		err = errors.New(strings.Join(lines, "; "))
	}
	return err
}

// swap puts temp in the place of target.
func swap(ctx context.Context, temp, target string, old fs.FileInfo) error {
	switch err := fold(ctx, target, old); {
	case err == nil:
	case old == nil, damaged(err):
		if err := keepAside(target); err != nil {
			return fmt.Errorf("keeping the damaged database aside: %w", err)
		}
	default:
		return err
	}
	reached("folded")
	for _, suffix := range sideSuffixes {
		if err := os.Remove(target + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing what lies beside the old database: %w", err)
		}
	}
	// The removals must be on the disk before the rename is.
	if err := durable.Folder(filepath.Dir(target)); err != nil {
		return err
	}
	reached("cleared")
	if err := unused(ctx, target, old); err != nil { // a server that was started meanwhile
		return err
	}
	if err := os.Rename(temp, target); err != nil {
		return fault.Wrap(err, "the restored database cannot be put in place",
			"a database file that is itself a mount point cannot be replaced: mount its folder instead")
	}
	reached("swapped")
	return durable.Folder(filepath.Dir(target))
}

// fold has SQLite bring the old database to rest: a hot journal is rolled
// back, the log is written into the main file and removed. What the database
// holds does not change.
func fold(ctx context.Context, target string, old fs.FileInfo) error {
	if old == nil {
		return sideless(target)
	}
	pool, err := sql.Open("sqlite3", dsn(target, "mode=rw", "_locking_mode=EXCLUSIVE", "_synchronous=FULL"))
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	err = func() error {
		var busy, pages, moved int
		// The first statement that reads also rolls a hot journal back.
		if _, err := pool.ExecContext(ctx, "BEGIN IMMEDIATE; COMMIT"); err != nil {
			return err
		}
		if err := pool.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved); err != nil {
			return err
		}
		if busy != 0 {
			return sqlite3.Error{Code: sqlite3.ErrBusy}
		}
		return nil
	}()
	if err := errors.Join(err, pool.Close()); err != nil { // closing removes the log
		return fmt.Errorf("bringing the old database to rest: %w", describe(err, target))
	}
	info, err := os.Stat(target + "-wal")
	if err == nil && info.Size() > 0 {
		return fault.New("the log of the old database did not go away", "look who has "+target+" open")
	}
	return nil
}

// sideless reports files beside a database that is not there itself.
func sideless(target string) error {
	for _, suffix := range sideSuffixes {
		if _, err := os.Lstat(target + suffix); err == nil {
			return fmt.Errorf("%s%s is there without its database", target, suffix)
		}
	}
	return nil
}

func damaged(err error) bool {
	code, ok := codeOf(err)
	return ok && (code == sqlite3.ErrCorrupt || code == sqlite3.ErrNotADB || code == sqlite3.ErrIoErr)
}

// keepAside gives the files of a damaged database a second name in a folder
// beside it, so that nothing is lost when they are replaced.
func keepAside(target string) error {
	aside := target + ".before-restore"
	for n := 2; ; n++ {
		err := os.Mkdir(aside, 0o700)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		aside = fmt.Sprintf("%s.before-restore-%d", target, n)
	}
	for _, suffix := range append([]string{""}, sideSuffixes...) {
		err := os.Link(target+suffix, filepath.Join(aside, filepath.Base(target)+suffix))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := durable.Folder(aside); err != nil {
		return err
	}
	return durable.Folder(filepath.Dir(target))
}

// RestoreScratch copies a dump to a database of its own in scratchDir and
// returns its path.
func RestoreScratch(ctx context.Context, dump, scratchDir string) (string, error) {
	if err := os.MkdirAll(scratchDir, 0o700); err != nil {
		return "", fmt.Errorf("making the scratch folder: %w", err)
	}
	dir, err := filepath.Abs(scratchDir)
	if err != nil {
		return "", fmt.Errorf("resolving the scratch folder: %w", err)
	}
	path := filepath.Join(dir, "scratch.db")
	if err := create(path); err != nil {
		return "", err
	}
	if err := copyFile(ctx, dump, path, progress.Discard); err != nil {
		return "", errors.Join(fmt.Errorf("copying the dump into the scratch folder: %w", err), removeDatabase(path))
	}
	return path, nil
}
