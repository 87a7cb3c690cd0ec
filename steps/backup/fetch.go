package backup

import (
	"context"
	"path/filepath"
	"strings"

	"bunnyhop/internal/backup/remote"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
	"bunnyhop/steps/site"
)

// Fetch is the step that brings a backup here from the bucket, if it is not
// here yet.
type Fetch struct {
	Site *site.Site
	// Backup is its ID.
	Backup string
	// Identity is the file with the private key; empty means the settings'.
	Identity string
}

// fetching is what a resumed run needs to go on with a fetch.
type fetching struct {
	Backup   string `json:"backup"`
	Identity string `json:"identity,omitempty"`
}

var fetched = steps.NewSlot[fetching]("fetch")

// FetchFirst puts the step before a flow that needs the backup here, where the
// settings name a bucket from which it may come.
func FetchFirst(o site.Options, f steps.Flow, name, identity string) steps.Flow {
	if !needsBucket(o) || strings.ContainsRune(name, filepath.Separator) {
		return f
	}
	step := steps.Step{
		ID: "fetch", Phase: steps.Prepare, Title: "Fetch the backup", Proof: "manifest and digests", Undo: "kept",
		Action: Fetch{Site: site.New(o), Backup: name, Identity: identity},
	}
	f.Steps = append([]steps.Step{step}, f.Steps...)
	return f
}

// Check proves that the backup is here: what it holds, the next step reads.
func (f Fetch) Check(_ context.Context, r *steps.Run) (steps.Proof, error) {
	name, _ := f.asked(r)
	folder, err := f.folder()
	if err != nil {
		return steps.Proof{}, err
	}
	there, err := site.Exists(filepath.Join(folder, name, "manifest.json"))
	if err != nil || !there {
		return steps.Unproved("it is not here"), err
	}
	return steps.Proved("it is here"), nil
}

// Do fetches.
func (f Fetch) Do(ctx context.Context, r *steps.Run) error {
	name, identity := f.asked(r)
	if err := fetched.Set(r, fetching{name, identity}); err != nil {
		return err
	}
	proof, err := f.Check(ctx, r)
	if err != nil {
		return err
	}
	if proof.OK {
		r.Summary("%s", proof.Reason)
		return nil
	}
	b, err := bucket(r, f.Site.Options())
	if err != nil {
		return err
	}
	if err := b.Fetch(ctx, name, identity, r); err != nil {
		return err
	}
	r.Summary("from %s", b.Place)
	return nil
}

// asked is what the run was begun with.
func (f Fetch) asked(r *steps.Run) (name, identity string) {
	earlier, _ := fetched.Get(r)
	name, identity = f.Backup, f.Identity
	if name == "" {
		name = earlier.Backup
	}
	if identity == "" {
		identity = earlier.Identity
	}
	return name, identity
}

func (f Fetch) folder() (string, error) {
	settings, err := Settings(f.Site.Options())
	if err != nil {
		return "", err
	}
	return Folder(f.Site.Options(), settings.BackupFolder)
}

// Folder is where a project's backups are, by its options and settings alone.
func Folder(o site.Options, named string) (string, error) {
	if o.BackupFolder == "" {
		o.BackupFolder = named
	}
	return site.New(o).BackupFolder(nil)
}

// Fetch brings a backup here from the bucket.
func (b *Bucket) Fetch(ctx context.Context, id, identity string, report progress.Reporter) error {
	identities, err := b.Identities(identity)
	if err != nil {
		return err
	}
	folder, err := Folder(site.Options{Root: b.root}, b.settings.BackupFolder)
	if err != nil {
		return err
	}
	if err := b.Check(ctx); err != nil {
		return err
	}
	_, err = remote.Fetch(ctx, b, id, folder, identities, report)
	if err == nil || ctx.Err() != nil {
		return err
	}
	failure := fault.Wrap(err, "the backup "+id+" could not be fetched from the bucket", fault.HintOf(err)).WithCode(fault.CodeOf(err))
	failure.State = "nothing of the project was changed; what was fetched is kept, and the next try goes on with it"
	return failure
}
