package backup

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"bunnyhop/internal/backup/remote"
	"bunnyhop/internal/backup/remote/keys"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/project"
	"bunnyhop/internal/state"
	"bunnyhop/steps"
	"bunnyhop/steps/site"
)

// Bucket is where copies of a project's backups are kept, as its settings say.
type Bucket struct {
	*objectstore.Bucket
	Place   string // for people
	Options remote.Options
	// secrets must not reach a journal or a screen.
	secrets  []string
	settings project.Settings
	root     string
}

// OpenBucket opens the bucket that the settings name; nil means that they name
// none. Nothing is sent yet.
func OpenBucket(o site.Options, settings project.Settings) (*Bucket, error) {
	named := settings.Bucket
	if named == nil {
		return nil, nil
	}
	b := &Bucket{Place: named.String(), settings: settings, root: o.Root}
	access, secret, err := named.Keys(o.Environ)
	if err != nil {
		return nil, err
	}
	b.secrets = append(b.secrets, access, secret)
	for _, variable := range o.Environ {
		// The machine's own key may be used.
		if value, ok := strings.CutPrefix(variable, "AWS_SECRET_ACCESS_KEY="); ok {
			b.secrets = append(b.secrets, value)
		}
	}
	if b.Options.Recipients, err = keys.ParseRecipients(settings.EncryptTo); err != nil {
		return nil, fault.Wrap(err, settings.Path+", encrypt_to", "")
	}
	dir, err := state.ProjectDir(o.Root)
	if err != nil {
		return nil, err
	}
	b.Options.NameKey = filepath.Join(dir, "bucket-names.key")
	if b.Options.Host, err = os.Hostname(); err != nil {
		return nil, err
	}
	b.Bucket, err = objectstore.Open(objectstore.Config{
		Endpoint: named.Endpoint, Region: named.Region, Bucket: named.Name, Prefix: named.Prefix,
		AccessKey: access, SecretKey: secret, PathStyle: named.PathStyle, CAFile: named.CAFile,
	})
	return b, err
}

// Hide keeps the bucket's secrets out of what a run writes.
func (b *Bucket) Hide(r *steps.Run) {
	var secrets []string
	for _, s := range b.secrets {
		if s != "" {
			secrets = append(secrets, s)
		}
	}
	r.HideSecrets(secrets)
}

// Settings reads the settings of a project, whether or not the rest of it can
// be recognised.
func Settings(o site.Options) (project.Settings, error) {
	file := o.SettingsFile
	if file == "" {
		file = filepath.Join(o.Root, project.SettingsFile)
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return project.Settings{}, nil
		}
	}
	return project.ReadSettings(file)
}

// bucket opens the bucket for a step.
func bucket(r *steps.Run, o site.Options) (*Bucket, error) {
	settings, err := Settings(o)
	if err != nil {
		return nil, err
	}
	b, err := OpenBucket(o, settings)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, fault.New("bunnyhop.yaml names no backup_bucket any more", "name it again, or begin a new run")
	}
	b.Hide(r)
	return b, nil
}

// Identities reads the private keys that open backups: those in file, or else
// in the settings' identity_file, or none. A key that lies where the backups
// are of would be lost with them.
func (b *Bucket) Identities(file string) (keys.Identities, error) {
	if file == "" {
		file = b.settings.IdentityFile
	}
	if file == "" {
		return keys.Identities{}, nil
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return keys.Identities{}, err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if inside(b.root, path) {
		return keys.Identities{}, fault.Newf("the private key %s lies in the project, with which it would be lost", file).
			WithHint("move it elsewhere, and keep a copy off this machine: without it the backups in the bucket cannot be read").WithCode(fault.Usage)
	}
	return keys.ReadIdentities(path)
}

// needsBucket reports whether a flow has anything to do with a bucket.
// Settings that cannot be read have it: the step then says what is wrong.
func needsBucket(o site.Options) bool {
	settings, err := Settings(o)
	return err != nil || settings.Bucket != nil
}

// WithoutUnused takes the step that copies to the bucket out of a flow's table
// where no bucket is set.
func WithoutUnused(o site.Options, table []steps.Step) []steps.Step {
	used := needsBucket(o)
	var kept []steps.Step
	for _, s := range table {
		if _, upload := s.Action.(Upload); !upload || used {
			kept = append(kept, s)
		}
	}
	return kept
}

// reached reports whether an error is about the way to the bucket, and not
// about the run having been stopped.
func reached(ctx context.Context, err error) bool { return ctx.Err() == nil && err != nil }
