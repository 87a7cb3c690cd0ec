package remote

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	_ "github.com/mattn/go-sqlite3" // makes the databases of the tests
	"golang.org/x/crypto/ssh"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote/keys"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/objectstore/s3test"
	"bunnyhop/internal/progress"
)

// source is a project on the disk with a folder of backups.
type source struct {
	t            testing.TB
	root, folder string
	random       []byte // what does not get smaller
}

func newSource(t testing.TB) *source {
	t.Helper()
	s := &source{t: t, root: filepath.Join(t.TempDir(), "blog"), folder: filepath.Join(t.TempDir(), "backups"), random: make([]byte, 2*pieceSize+12345)}
	_, _ = rand.Read(s.random)
	s.put("uploads/a.txt", strings.Repeat("first ", 1000))
	s.put("uploads/same.txt", strings.Repeat("first ", 1000))
	s.put("uploads/empty", "")
	s.put("uploads/film.mp4", string(s.random))
	s.put("uploads/zeros.bin", strings.Repeat("\x00", pieceSize+1))
	s.put("uploads/deep/er/ü ☃.txt", "snow")
	s.put("uploads/deep/latin\xe9.txt", "not UTF-8")
	s.put(".env", "SECRET=the-secret-of-env\n")
	if err := os.Mkdir(filepath.Join(s.root, "uploads/nothing in it"), 0o750); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"link": "a.txt", "away": "/etc/hostname", "broken": "../nowhere"} {
		if err := os.Symlink(target, filepath.Join(s.root, "uploads", link)); err != nil {
			t.Fatal(err)
		}
	}
	pool, err := sql.Open("sqlite3", filepath.Join(s.root, "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, statement := range []string{
		"CREATE TABLE directus_migrations (version text)", "INSERT INTO directus_migrations VALUES ('20240101A')",
		"CREATE TABLE directus_users (id text)", "INSERT INTO directus_users VALUES ('u')",
		"CREATE TABLE directus_roles (id text)", "INSERT INTO directus_roles VALUES ('r')",
		"CREATE TABLE posts (id integer primary key, body text)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO posts SELECT i, hex(randomblob(600)) FROM n",
	} {
		if _, err := pool.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *source) put(name, text string) {
	s.t.Helper()
	name = filepath.Join(s.root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *source) backup(id string) string {
	s.t.Helper()
	db, err := connect.Open(s.t.Context(), database.Config{Client: "sqlite3", Filename: filepath.Join(s.root, "data.db")}, connect.ReadOnly)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	m, err := backup.Create(s.t.Context(), backup.Options{
		Folder: s.folder, ID: id, Database: db, Project: "blog", Root: s.root, Directus: "10.13.4", Run: id,
		Sources: []backup.Source{
			{Part: backup.Files, Dir: filepath.Join(s.root, "uploads"), Prefix: "files/local"},
			{Part: backup.Config, Dir: s.root, Files: []string{".env"}},
		},
	}, progress.Discard)
	if err != nil {
		s.t.Fatal(err)
	}
	return m.Dir
}

func (s *source) prove(dir string) {
	s.t.Helper()
	scratch := connect.Scratch{Config: database.Config{Client: "sqlite3"}, Dir: s.t.TempDir(), Name: "bunnyhop_prove"}
	if _, err := backup.Prove(s.t.Context(), dir, scratch, progress.Discard); err != nil {
		s.t.Fatal(err)
	}
}

// tree describes a backup's folder.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, item fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := item.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String()
		switch {
		case info.Mode().IsRegular():
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			text += fmt.Sprintf(" %d %x", len(data), keyed(nil, data))
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(name)
			if err != nil {
				return err
			}
			text += " " + target
		}
		rel, err := filepath.Rel(dir, name)
		found[rel] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func openStore(t testing.TB, config objectstore.Config) *objectstore.Bucket {
	t.Helper()
	b, err := objectstore.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pair is a private key in a file, and its public one.
func pair(t testing.TB, kind string) (keys.Recipients, keys.Identities) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	var public string
	var private []byte
	switch kind {
	case "none":
		return keys.Recipients{}, keys.Identities{}
	case "age":
		identity, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		public, private = identity.Recipient().String(), []byte("# made by a test\n"+identity.String()+"\n")
	case "ssh":
		pub, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		sshPub, err := ssh.NewPublicKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		block, err := ssh.MarshalPrivateKey(key, "somebody@example.org")
		if err != nil {
			t.Fatal(err)
		}
		public, private = string(ssh.MarshalAuthorizedKey(sshPub)), pem.EncodeToMemory(block)
	}
	if err := os.WriteFile(path, private, 0o600); err != nil {
		t.Fatal(err)
	}
	recipients, err := keys.ParseRecipients([]string{public})
	if err != nil {
		t.Fatal(err)
	}
	identities, err := keys.ReadIdentities(path)
	if err != nil {
		t.Fatal(err)
	}
	return recipients, identities
}

func options(t testing.TB, recipients keys.Recipients) Options {
	t.Helper()
	return Options{Recipients: recipients, NameKey: filepath.Join(t.TempDir(), "names.key"), Host: "here"}
}

func push(t testing.TB, dir string, store Store, o Options) *Pushed {
	t.Helper()
	p, err := Push(t.Context(), dir, store, o, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func fetch(t testing.TB, store Store, id string, identities keys.Identities) string {
	t.Helper()
	m, err := Fetch(t.Context(), store, id, filepath.Join(t.TempDir(), "elsewhere"), identities, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return m.Dir
}

func TestABackupComesBackAsItWas(t *testing.T) {
	for _, kind := range []string{"none", "age", "ssh"} {
		t.Run(kind, func(t *testing.T) {
			config := s3test.Start(t)
			config.Prefix = "some/where"
			store := openStore(t, config)
			s := newSource(t)
			recipients, identities := pair(t, kind)
			o := options(t, recipients)
			dir := s.backup("b1")
			first := push(t, dir, store, o)
			if first.Known != 0 || first.Pieces != first.Summary.Pieces || first.Summary.Encrypted != (kind != "none") {
				t.Errorf("%+v", first)
			}
			got := fetch(t, store, "b1", identities)
			if diff := cmp.Diff(tree(t, dir), tree(t, got)); diff != "" {
				t.Errorf("-here +fetched\n%s", diff)
			}
			checked, err := Verify(t.Context(), store, "b1", identities, progress.Discard)
			if err != nil || !checked.Opened || checked.Objects != first.Summary.Pieces+3 {
				t.Errorf("%+v, %v", checked, err)
			}
			checked, err = Verify(t.Context(), store, "b1", keys.Identities{}, progress.Discard)
			if err != nil || checked.Opened != (kind == "none") {
				t.Errorf("without a key: %+v, %v", checked, err)
			}
			if _, there, err := Has(t.Context(), dir, store); err != nil || !there {
				t.Errorf("%v, %v", there, err)
			}

			// A second backup sends what changed, and its own manifest.
			s.put("uploads/new.txt", "new")
			grown := slices.Clone(s.random)
			grown[pieceSize+5] ^= 1
			s.put("uploads/film.mp4", string(grown))
			second := push(t, s.backup("b2"), store, o)
			if second.Pieces != 2 || second.Known == 0 {
				t.Errorf("%+v", second)
			}
			if again := push(t, dir, store, o); again.Pieces != 0 || again.Sent != 0 {
				t.Errorf("%+v", again)
			}
			if diff := cmp.Diff(tree(t, dir), tree(t, fetch(t, store, "b1", identities))); diff != "" {
				t.Errorf("-here +fetched\n%s", diff)
			}
			all, err := List(t.Context(), store)
			if err != nil || len(all) != 2 || all[0].ID != "b2" || all[1].Host != "here" || all[1].Bytes() != first.Summary.Bytes() {
				t.Errorf("%v, %v", all, err)
			}
			if leases := s3keys(t, config, leasePrefix); len(leases) != 0 {
				t.Errorf("leases are left: %v", leases)
			}
		})
	}
}

func s3keys(t testing.TB, config objectstore.Config, prefix string) []string {
	t.Helper()
	var found []string
	for o, err := range openStore(t, config).List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, o.Key)
	}
	return found
}

// What can be seen of an encrypted backup tells nothing of its contents, not
// even to who has the same files.
func TestAnEncryptedBackupTellsNothing(t *testing.T) {
	config := s3test.Start(t)
	store := openStore(t, config)
	s := newSource(t)
	recipients, _ := pair(t, "age")
	dir := s.backup("b1")
	push(t, dir, store, options(t, recipients))
	m, err := backup.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	words := []string{"the-secret-of-env", "snow", "a.txt", "film", ".env", "posts"}
	for _, part := range m.Parts {
		for _, e := range part.Entries {
			if !e.SHA256.IsZero() {
				words = append(words, e.SHA256.String())
			}
		}
	}
	for key, text := range s3test.Contents(t, config) {
		for _, word := range words {
			if strings.Contains(key, word) || strings.Contains(text, word) {
				t.Errorf("%s tells %q", key, word)
			}
		}
	}
}

func TestOnlyTheRightKeyOpens(t *testing.T) {
	store := openStore(t, s3test.Start(t))
	recipients, _ := pair(t, "age")
	_, other := pair(t, "age")
	push(t, newSource(t).backup("b1"), store, options(t, recipients))
	for _, identities := range []keys.Identities{{}, other} {
		folder := t.TempDir()
		_, err := Fetch(t.Context(), store, "b1", folder, identities, progress.Discard)
		var none *keys.NoKeyError
		if !errors.As(err, &none) || fault.CodeOf(err) != fault.Usage || !strings.Contains(fault.HintOf(err), recipients.Names[0]) || !strings.Contains(fault.HintOf(err), "--identity") {
			t.Errorf("%v, %s", err, fault.HintOf(err))
		}
		if left, _ := os.ReadDir(folder); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	}
	if _, err := Verify(t.Context(), store, "b1", other, progress.Discard); !strings.Contains(fmt.Sprint(err), "no private key in "+other.Path+" fits") {
		t.Error(err)
	}
}

// A key that is added opens every backup from then on.
func TestRecipientsMayChange(t *testing.T) {
	store := openStore(t, s3test.Start(t))
	s := newSource(t)
	first, _ := pair(t, "age")
	second, identities := pair(t, "ssh")
	o := options(t, first)
	push(t, s.backup("b1"), store, o)
	both, err := keys.ParseRecipients(append(slices.Clone(first.Names), second.Names...))
	if err != nil {
		t.Fatal(err)
	}
	o.Recipients = both
	if p := push(t, s.backup("b2"), store, o); p.Known != 0 {
		t.Errorf("%d pieces that the new key cannot open are relied on", p.Known)
	}
	fetch(t, store, "b2", identities)
}

// faulty is a store whose writing fails after some objects, as if the process
// had been killed.
type faulty struct {
	Store
	puts atomic.Int64
	most int64
}

var errKilled = errors.New("killed")

func (f *faulty) Put(ctx context.Context, key string, content io.Reader, size int64) error {
	if n := f.puts.Add(1); f.most >= 0 && n > f.most {
		return errKilled
	}
	return f.Store.Put(ctx, key, content, size)
}

func TestAnUploadGoesOnWhereItWasKilled(t *testing.T) {
	config := s3test.Start(t)
	store := openStore(t, config)
	s := newSource(t)
	recipients, identities := pair(t, "age")
	o := options(t, recipients)
	dir := s.backup("b1")
	total := int64(0)
	for most := int64(1); ; most += 2 {
		f := &faulty{Store: store, most: most}
		p, err := Push(t.Context(), dir, f, o, progress.Discard)
		if err == nil {
			// One that was on its way when the rest was stopped may have come
			// through after it was counted.
			if got := total + int64(p.Pieces); got > int64(p.Summary.Pieces) || p.Known+p.Pieces != p.Summary.Pieces {
				t.Errorf("%d pieces were sent for %d", got, p.Summary.Pieces)
			}
			break
		}
		if !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		if all, err := List(t.Context(), store); err != nil || len(all) != 0 {
			t.Fatalf("a backup that is not whole is listed: %v, %v", all, err)
		}
		total = int64(len(s3keys(t, config, dataPrefix)))
	}
	fetch(t, store, "b1", identities)
}

func TestACancelledUploadEnds(t *testing.T) {
	store := openStore(t, s3test.Start(t))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Push(ctx, newSource(t).backup("b1"), store, options(t, keys.Recipients{}), stopAt{cancel})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if all, err := List(t.Context(), store); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// stopAt cancels at the first progress.
type stopAt struct{ cancel context.CancelFunc }

func (s stopAt) Progress(string, progress.Unit, int64, int64) { s.cancel() }
func (stopAt) Output(string)                                  {}

func TestAFetchGoesOnWhereItWasStopped(t *testing.T) {
	store := openStore(t, s3test.Start(t))
	s := newSource(t)
	dir := s.backup("b1")
	push(t, dir, store, options(t, keys.Recipients{}))
	folder := filepath.Join(t.TempDir(), "f")
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Fetch(ctx, store, "b1", folder, keys.Identities{}, stopAt{cancel}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if all, err := backup.List(folder); err != nil || len(all) != 1 || !all[0].Partial {
		t.Fatalf("%v, %v", all, err)
	}
	// What is right stays, what is not goes.
	partial := filepath.Join(folder, "b1.partial")
	for name, text := range map[string]string{"files/local/a.txt": "torn", "stranger": "x"} {
		name = filepath.Join(partial, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := Fetch(t.Context(), store, "b1", folder, keys.Identities{}, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tree(t, dir), tree(t, m.Dir)); diff != "" {
		t.Errorf("-here +fetched\n%s", diff)
	}
	if _, err := Fetch(t.Context(), store, "b1", folder, keys.Identities{}, progress.Discard); !strings.Contains(fmt.Sprint(err), "already a backup b1") {
		t.Error(err)
	}
	if _, err := Fetch(t.Context(), store, "b9", folder, keys.Identities{}, progress.Discard); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Fetch(t.Context(), store, "../b1", folder, keys.Identities{}, progress.Discard); fault.CodeOf(err) != fault.Usage {
		t.Error(err)
	}
}

// Damage here is not copied there.
func TestADamagedBackupIsNotUploaded(t *testing.T) {
	s := newSource(t)
	dir := s.backup("b1")
	for name, spoil := range map[string]func([]byte) []byte{
		"files/local/a.txt":    func(d []byte) []byte { d[7] ^= 1; return d },
		"files/local/film.mp4": func(d []byte) []byte { d[pieceSize+7] ^= 1; return d },
		"database.sqlite":      func(d []byte) []byte { return d[:len(d)-1] },
	} {
		store := openStore(t, s3test.Start(t)) // what is in it already is not read here
		path := filepath.Join(dir, name)
		right, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, spoil(slices.Clone(right)), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = Push(t.Context(), dir, store, options(t, keys.Recipients{}), progress.Discard)
		var damage *backup.DamageError
		if !errors.As(err, &damage) || len(damage.Bad) != 1 || damage.Bad[0].Path != name {
			t.Errorf("%s: %v", name, err)
		}
		if all, err := List(t.Context(), store); err != nil || len(all) != 0 {
			t.Errorf("%v, %v", all, err)
		}
		if err := os.WriteFile(path, right, 0o600); err != nil {
			t.Fatal(err)
		}
		push(t, dir, store, options(t, keys.Recipients{}))
	}
}
