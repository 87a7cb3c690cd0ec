package restore

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	backups "bunnyhop/internal/backup"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// Source is the backup that is put back.
type Source struct {
	Dir   string   `json:"dir"`
	ID    string   `json:"id"`
	Parts []string `json:"parts"`
	// Lost says what was written to the database since the backup.
	Lost []string `json:"lost,omitempty"`
	// Objects says what putting back does to buckets.
	Objects []string `json:"objects,omitempty"`
}

func (s Source) has(part backups.Part) bool { return slices.Contains(s.Parts, string(part)) }

// databaseSource is the backup's folder, or "" when its database is not asked
// for.
func databaseSource(r *steps.Run) (string, error) {
	from, err := source.Need(r)
	if err != nil || !from.has(backups.Database) {
		return "", err
	}
	return from.Dir, nil
}

var source = steps.NewSlot[Source]("restore_source")

// inspect finds the backup, reads every byte of it, and sees whether it fits
// the installed code.
type inspect struct {
	site    *site.Site
	options Options
}

// Check is never satisfied: looking again is the proof.
func (inspect) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("looked at again"), nil
}

// Do looks.
func (i inspect) Do(ctx context.Context, r *steps.Run) error {
	if err := (site.Inspect{Site: i.site, Broken: true}).Do(ctx, r); err != nil {
		return err
	}
	seen, err := facts.Inspected.Need(r)
	if err != nil {
		return err
	}
	from := i.options
	if from.Backup == "" { // a resumed run knows it already
		earlier, err := source.Need(r)
		if err != nil {
			return err
		}
		from = Options{Backup: earlier.Dir, Parts: earlier.Parts}
	}
	dir, err := i.locate(ctx, r, from.Backup)
	if err != nil {
		return err
	}
	manifest, err := backups.Read(dir)
	if err != nil {
		return err
	}
	chosen, err := parts(manifest, from.Parts)
	if err != nil {
		return err
	}
	// Code and database go together or not at all (S4).
	if slices.Contains(chosen, string(backups.Database)) && manifest.Directus != seen.Installed {
		return fault.Newf("the backup is of Directus %s, and %s is installed", manifest.Directus, seen.Installed).
			WithHint("`bunnyhop rollback` takes code and database back together; otherwise install directus@%s first", manifest.Directus).
			WithCode(fault.Blocked)
	}
	if slices.Contains(chosen, string(backups.Database)) && manifest.Vendor != seen.Identity.Vendor {
		return fault.Newf("the backup is of %s, and the project uses %s", site.VendorTitle(manifest.Vendor, manifest.ServerVersion), seen.Vendor).
			WithHint("a backup goes back into a database of the same kind").WithCode(fault.Blocked)
	}
	if err := backups.Verify(ctx, dir, r); err != nil {
		return backups.Unprove(dir, err)
	}
	written, err := i.written(ctx, r, manifest, chosen, seen)
	if err != nil {
		return err
	}
	var inBuckets []string
	if slices.Contains(chosen, string(backups.Files)) {
		if inBuckets, err = foretell(ctx, r, i.site, dir); err != nil {
			return err
		}
	}
	if err := facts.Chosen.Set(r, facts.Target{From: seen.Installed, To: manifest.Directus}); err != nil {
		return err
	}
	r.Summary("%s of %s", strings.Join(chosen, ", "), manifest.Created.Local().Format("2006-01-02 15:04"))
	return source.Set(r, Source{Dir: dir, ID: manifest.ID, Parts: chosen, Lost: written, Objects: inBuckets})
}

// written says what was written to the database since the backup.
func (i inspect) written(ctx context.Context, r *steps.Run, manifest *backups.Manifest, chosen []string, seen facts.Inspection) ([]string, error) {
	if !slices.Contains(chosen, string(backups.Database)) || seen.DatabaseFault != "" {
		return nil, nil
	}
	return backup.Lost(ctx, r, i.site, manifest)
}

func (i inspect) locate(ctx context.Context, r *steps.Run, name string) (string, error) {
	if there, err := site.Exists(filepath.Join(name, "manifest.json")); err == nil && there {
		return filepath.Abs(name)
	}
	p, err := i.site.Open(ctx, r)
	if err != nil {
		return "", err
	}
	folder, err := i.site.BackupFolder(p)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(folder, name)
	if there, err := site.Exists(filepath.Join(dir, "manifest.json")); err != nil || !there || !filepath.IsLocal(name) {
		return "", fault.Newf("there is no backup %q", name).
			WithHint("`bunnyhop backup list` lists them; a folder with a manifest.json is taken too").WithCode(fault.Usage)
	}
	return dir, nil
}

// parts settles which parts are put back. Configuration is not among those
// that the program puts back by itself: it names the code, which has to fit.
func parts(m *backups.Manifest, asked []string) ([]string, error) {
	if len(asked) == 0 {
		asked = []string{string(backups.Database)}
	}
	for _, name := range asked {
		part := backups.Part(name)
		switch {
		case !slices.Contains(backups.Parts, part):
			return nil, fault.Newf("%q is not a part of a backup", name).WithHint("the parts are database, files and extensions").WithCode(fault.Usage)
		case part == backups.Config:
			return nil, fault.New("the configuration is not put back by itself, since it names the code that must fit it",
				"copy what you need from "+filepath.Join(m.Dir, "config")).WithCode(fault.Usage)
		case !m.Part(part).Included:
			return nil, fault.Newf("the backup holds no %s: %s", name, m.Part(part).Reason).WithCode(fault.Usage)
		}
	}
	return asked, nil
}

// confirm has the project's name typed: what was written since the backup is
// replaced (S8).
type confirm struct{ site *site.Site }

// Check is never satisfied: the gate remembers the answer by itself.
func (confirm) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("asked again unless nothing has changed"), nil
}

// Do asks.
func (confirm) Do(ctx context.Context, r *steps.Run) error {
	from, err := source.Need(r)
	if err != nil {
		return err
	}
	seen, err := facts.Inspected.Need(r)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Backup %s takes the place of what %s holds now. The present state is saved first.", from.ID, seen.Database)
	switch {
	case seen.DatabaseFault != "":
		text = fmt.Sprintf("Backup %s becomes the database %s, which cannot be used as it is and so cannot be saved first: %s.",
			from.ID, seen.Database, seen.DatabaseFault)
	case len(from.Lost) > 0:
		text += "\nWritten since the backup:\n  " + strings.Join(from.Lost, "\n  ")
	}
	if len(from.Objects) > 0 {
		text += "\nIn buckets, where nothing is removed:\n  " + strings.Join(from.Objects, "\n  ")
	}
	_, err = r.Ask(ctx, steps.Gate{
		ID: "restore", Kind: steps.GateConfirm, Title: "The present " + strings.Join(from.Parts, ", ") + " will be replaced",
		Text: text,
		Flag: "--confirm " + seen.Name, Confirm: seen.Name, Destructive: true,
	})
	r.Summary("confirmed")
	return err
}
