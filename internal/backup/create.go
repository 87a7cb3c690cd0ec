package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/disk"
	"bunnyhop/internal/durable"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// Options say what goes into a backup.
type Options struct {
	Folder string // where backups live; made if it does not exist
	ID     string // the new backup's folder in it
	Kind   string // Full, Final or Saved; empty means Full

	Database database.Database // nil leaves the database out
	Sources  []Source
	Omitted  map[Part]string // why parts are left out, for the manifest
	External []External

	Project    string
	Root       string // the project's folder, absolute; Folder must not lie in it
	Directus   string
	Migrations []string
	Run        string

	// Stored yields what the database says is stored in the Files part. What is
	// missing there is recorded as Unmatched. It is called after the dump was
	// made. Optional.
	Stored func(ctx context.Context) iter.Seq2[StoredFile, error]

	// Previous is an earlier backup in the same Folder. Files that have not
	// changed since share its copy instead of being stored again. Optional.
	//
	// A file has not changed if its path, size, inode and both of its times,
	// that of its contents and that of its inode (ctime), are what they were;
	// then it is not read. That is the rule of restic and borg too. No program
	// can set ctime. So this misses other contents of the same length only where
	// the kernel's clock was set back and then met the same nanosecond again,
	// where they were written around the filesystem, or through a memory
	// mapping into a page that had not reached the disk since the earlier
	// backup. A file that was last changed less than a moment before that one
	// began could have changed again within one tick of the clock: it is read.
	//
	// The shared copy is not read either in a Full backup, whose Prove does
	// that; in others it is.
	Previous *Manifest
}

// Create makes a backup: first the database, so that every file that its rows
// tell of is copied after them, then the files. Anything that fails, a full
// disk and a cancelled context included, removes the unfinished backup, and
// only that.
func Create(ctx context.Context, o Options, report progress.Reporter) (*Manifest, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	b := &builder{Options: o, report: report}
	if err := b.plan(ctx); err != nil {
		return nil, err
	}
	final := filepath.Join(o.Folder, o.ID)
	b.dir = final + partialSuffix
	// What an interrupted try with the same id left is its own.
	if err := os.RemoveAll(b.dir); err != nil {
		return nil, fmt.Errorf("removing an unfinished backup: %w", err)
	}
	if err := os.MkdirAll(o.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the backups: %w", err)
	}
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the backup's folder: %w", err)
	}
	m, err := b.build(ctx)
	if err == nil {
		err = os.Rename(b.dir, final)
	}
	if err != nil {
		return nil, errors.Join(b.explain(err), os.RemoveAll(b.dir))
	}
	m.Dir = final
	return m, durable.Folder(o.Folder)
}

func (o *Options) check() error {
	if err := checkID(o.ID); err != nil {
		return err
	}
	folder, err := filepath.Abs(o.Folder)
	if err != nil {
		return fmt.Errorf("resolving the folder of the backups: %w", err)
	}
	o.Folder = folder
	if o.Kind == "" {
		o.Kind = Full
	}
	if _, err := os.Lstat(filepath.Join(folder, o.ID)); !errors.Is(err, fs.ErrNotExist) {
		return fault.Newf("there is already a backup %s in %s", o.ID, folder).WithHint("remove it, or wait a second and try again")
	}
	dirs := []string{o.Root}
	for _, source := range o.Sources {
		if source.Files == nil && source.Bucket == nil {
			dirs = append(dirs, source.Dir)
		}
	}
	for _, dir := range dirs {
		if dir != "" && within(realPath(folder), realPath(dir)) {
			return fault.Newf("the folder of the backups (%s) lies inside what is backed up (%s)", folder, dir).
				WithHint("name a folder outside as backup_folder in bunnyhop.yaml").WithCode(fault.Usage)
		}
	}
	return nil
}

// realPath resolves links in as much of the path as exists.
func realPath(name string) string {
	name, rest := filepath.Clean(name), ""
	for {
		if real, err := filepath.EvalSymlinks(name); err == nil {
			return filepath.Join(real, rest)
		}
		parent := filepath.Dir(name)
		if parent == name {
			return filepath.Join(name, rest)
		}
		name, rest = parent, filepath.Join(filepath.Base(name), rest)
	}
}

func within(name, dir string) bool {
	rel, err := filepath.Rel(dir, name)
	return err == nil && filepath.IsLocal(rel)
}

// builder makes one backup.
type builder struct {
	Options
	dir      string // the unfinished backup
	found    *scanned
	identity database.Identity
	dbBytes  int64
	need     int64 // bytes that will be written
	done     int64
	total    int64
	known    map[string]*Entry // files of the previous backup, by path, objects by objectName
	report   progress.Reporter
	trusted  time.Time    // copies in the previous backup that are older need not be read; else zero
	shared   atomic.Int64 // temporary names for copies to be shared
	counting sync.Mutex   // of done, and of report while several files are copied
	current  Part         // being written, for the progress
	flusher  *flusher
}

// plan looks at everything before anything is written.
func (b *builder) plan(ctx context.Context) error {
	skip := map[inode]string{}
	if b.Database != nil {
		var err error
		if b.identity, err = b.Database.Identity(ctx); err != nil {
			return err
		}
		if b.dbBytes, err = b.Database.Size(ctx); err != nil {
			return err
		}
		if b.identity.Vendor == database.SQLite {
			for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
				if info, err := os.Stat(b.identity.Name + suffix); err == nil {
					stat := info.Sys().(*syscall.Stat_t)
					skip[inode{uint64(stat.Dev), stat.Ino}] = "it belongs to the database, which is a part of its own" //nolint:unconvert // 32 bits elsewhere
				}
			}
		}
	}
	var err error
	if b.found, err = scan(ctx, b.Sources, skip, b.report); err != nil {
		return err
	}
	if err := b.previous(); err != nil {
		return err
	}
	b.total = b.dbBytes + b.found.bytes
	b.need = b.total - b.reusable()
	return Need(b.Folder, b.need)
}

// build fills the folder. The manifest comes last.
func (b *builder) build(ctx context.Context) (*Manifest, error) {
	m := &Manifest{
		Format: Format, ID: b.ID, Kind: b.Kind, Created: time.Now().UTC(), Run: b.Run,
		Project: b.Project, Root: b.Root, Directus: b.Directus, Migrations: b.Migrations, External: b.External,
		Vendor: b.identity.Vendor, ServerVersion: b.identity.ServerVersion,
	}
	var err error
	if b.flusher, err = newFlusher(b.dir); err != nil {
		return nil, err
	}
	defer b.flusher.close()
	for _, name := range Parts {
		var info *PartInfo
		if name == Database {
			info, err = b.dump(ctx, m)
		} else {
			info, err = b.part(ctx, name)
		}
		if err != nil {
			return nil, err
		}
		if name == Files && info.Included {
			if m.Unmatched, err = b.match(ctx, info); err != nil {
				return nil, err
			}
		}
		m.Parts = append(m.Parts, *info)
	}
	files := 0
	for _, part := range m.Parts {
		files += part.Files
	}
	if err := b.flusher.finish(files); err != nil {
		return nil, err
	}
	m.Finished = time.Now().UTC()
	b.report.Progress("backing up "+string(b.current), progress.Bytes, b.total, b.total)
	return m, m.write(b.dir)
}

func (b *builder) omitted(name Part) *PartInfo {
	reason := b.Omitted[name]
	if reason == "" {
		reason = "not asked for"
	}
	return &PartInfo{Name: name, Reason: reason}
}

func (b *builder) dump(ctx context.Context, m *Manifest) (*PartInfo, error) {
	if b.Database == nil {
		return b.omitted(Database), nil
	}
	b.current = Database
	name := database.DumpName(b.identity.Vendor)
	file := filepath.Join(b.dir, name)
	info, err := b.Database.Dump(ctx, file, dumpProgress{b})
	if err != nil {
		return nil, err
	}
	m.DumpTool = strings.TrimSpace(info.Tool + " " + info.ToolVersion)
	if info.Fingerprint != nil {
		m.Fingerprint = *info.Fingerprint
	} else if m.Fingerprint, err = b.Database.Fingerprint(ctx, nil, b.report); err != nil {
		return nil, err
	}
	written := info.Bytes
	var sum Digest
	if info.SHA256 == "" {
		sum, written, err = digestFile(ctx, file)
	} else {
		sum, err = ParseDigest(info.SHA256)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the dump: %w", err)
	}
	b.done = b.dbBytes
	now := time.Now().UTC()
	return &PartInfo{Name: Database, Included: true, Files: 1, Bytes: written, Entries: []Entry{{
		Path: name, Type: TypeFile, Size: written, Mode: 0o600, Mtime: now, Ctime: now,
		UID: os.Getuid(), GID: os.Getgid(), SHA256: sum,
	}}}, nil
}

// dumpProgress counts the dump's bytes into those of the whole backup.
type dumpProgress struct{ b *builder }

func (p dumpProgress) Progress(label string, unit progress.Unit, done, total int64) {
	if unit != progress.Bytes || total <= 0 {
		p.b.report.Progress(label, unit, done, total)
		return
	}
	part := float64(done) / float64(total) * float64(p.b.dbBytes)
	p.b.report.Progress("backing up "+string(p.b.current), progress.Bytes, int64(part), p.b.total)
}

func (p dumpProgress) Output(line string) { p.b.report.Output(line) }

// explain turns a full disk into an error that tells the numbers.
func (b *builder) explain(err error) error {
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		return err
	}
	room, _ := disk.Free(b.Folder) // nothing where it cannot be told
	return errors.Join(tooFull(&SpaceError{Path: b.Folder, Need: b.need + b.need/5, Free: room.Bytes}), err)
}
