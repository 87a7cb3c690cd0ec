package backup

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// onProgress calls a function once, when some progress was made.
type onProgress struct {
	after int64
	do    func()
}

func (p *onProgress) Progress(_ string, unit progress.Unit, done, _ int64) {
	if unit == progress.Bytes && done >= p.after && p.do != nil {
		do := p.do
		p.do = nil
		do()
	}
}
func (p *onProgress) Output(string) {}

func TestVerifyNamesEachBadFile(t *testing.T) {
	ctx := context.Background()
	p := newProject(t)
	m := p.create(t, t.TempDir(), "one", nil)
	at := func(name string) string { return filepath.Join(m.Dir, name) }
	flip := func(name string) {
		data, err := os.ReadFile(at(name))
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		if err := os.WriteFile(at(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flip("database.sqlite")
	flip("files/local/b.bin")
	remove := func(name string) {
		if err := os.RemoveAll(at(name)); err != nil {
			t.Fatal(err)
		}
	}
	remove("files/local/a.txt")
	remove("files/local/link")
	remove("files/local/nothing in it")
	put(t, at("files/local/deep/er/ü ☃.txt"), "snow and more")
	remove("extensions/x/index.js")
	secret := filepath.Join(t.TempDir(), "secret")
	put(t, secret, "export {}")
	if err := os.Symlink(secret, at("extensions/x/index.js")); err != nil {
		t.Fatal(err)
	}
	err := Verify(ctx, m.Dir, progress.Discard)
	var damage *DamageError
	if !errors.As(err, &damage) {
		t.Fatalf("error %v", err)
	}
	got := map[string]string{}
	for _, bad := range damage.Bad {
		got[bad.Path] = bad.Problem[:min(9, len(bad.Problem))]
	}
	want := map[string]string{
		"database.sqlite": "has other", "files/local/b.bin": "has other", "files/local/a.txt": "is missin",
		"files/local/link": "is not th", "files/local/nothing in it": "is missin", "files/local/deep/er/ü ☃.txt": "has 13 by",
		"extensions/x/index.js": "cannot be",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := Prove(ctx, m.Dir, scratchIn(t.TempDir()), progress.Discard); !errors.As(err, &damage) {
		t.Errorf("a flipped dump was proved: %v", err)
	}
	before := tree(t, p.uploads)
	if err := RestoreFiles(ctx, m.Dir, Files, p.uploads, progress.Discard); err == nil {
		t.Error("a damaged file was restored")
	}
	if diff := cmp.Diff(before, tree(t, p.uploads)); diff != "" {
		t.Errorf("a failed restore changed the folder: %s", diff)
	}
	onlyIn(t, p.root, ".env", "data.db", "extensions", "node_modules", "package.json", "uploads")
}

// onlyIn checks what a folder holds.
func onlyIn(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in %s: %s", dir, diff)
	}
}

func TestProveFindsDifferences(t *testing.T) {
	ctx := context.Background()
	p := newProject(t)
	m := p.create(t, t.TempDir(), "one", nil)
	if _, err := Prove(ctx, m.Dir, scratchIn(t.TempDir()), progress.Discard); err != nil {
		t.Fatal(err)
	}
	// What the manifest counted is not what is in the dump.
	posts := m.Fingerprint.Tables["posts"]
	posts.Rows++
	m.Fingerprint.Tables["posts"] = posts
	m.Verified = &Verification{}
	if err := m.write(m.Dir); err != nil {
		t.Fatal(err)
	}
	var mismatch *MismatchError
	if _, err := Prove(ctx, m.Dir, scratchIn(t.TempDir()), progress.Discard); !errors.As(err, &mismatch) {
		t.Errorf("error %v", err)
	} else {
		contains(t, err, "table posts: 3 rows before, 2 rows after")
	}
	if m, err := Read(m.Dir); err != nil || m.Verified != nil {
		t.Errorf("a verification that no longer holds is kept: %v", err)
	}
	execute(t, p.db, "DELETE FROM directus_users")
	m = p.create(t, t.TempDir(), "two", nil)
	_, err := Prove(ctx, m.Dir, scratchIn(t.TempDir()), progress.Discard)
	contains(t, err, "directus_users has no rows")
	m, err = Create(ctx, Options{Folder: t.TempDir(), ID: "files", Sources: p.sources()}, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Prove(ctx, m.Dir, scratchIn(t.TempDir()), progress.Discard)
	contains(t, err, "holds no database")
}

func TestDanglingReferencesAreRecorded(t *testing.T) {
	p := newProject(t)
	execute(t, p.db, "CREATE TABLE child (parent int REFERENCES posts (id))", "INSERT INTO child VALUES (77)")
	m := p.create(t, t.TempDir(), "one", nil)
	v, err := Prove(context.Background(), m.Dir, scratchIn(t.TempDir()), progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.ForeignKeys) != 1 {
		t.Errorf("recorded %v", v.ForeignKeys)
	}
}

func TestUnreadableFilesAreNamed(t *testing.T) {
	dir := openDir(t)
	uploads := filepath.Join(dir, "uploads")
	put(t, filepath.Join(uploads, "fine.txt"), "fine")
	put(t, filepath.Join(uploads, "secret.txt"), "secret")
	put(t, filepath.Join(uploads, "closed", "in.txt"), "in")
	for name, mode := range map[string]os.FileMode{"secret.txt": 0o600, "closed": 0o700} {
		if err := os.Chmod(filepath.Join(uploads, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	out := asNobody(t, "creator", filepath.Join(dir, "backups"), uploads)
	for _, want := range []string{"secret.txt (permission denied)", "closed (permission denied)", "state: nothing was written", "hint: run bunnyhop as"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q lacks %q", out, want)
		}
	}
	onlyIn(t, dir, "uploads")
}

func TestNotOnlyFiles(t *testing.T) {
	p := newProject(t)
	if err := syscall.Mkfifo(filepath.Join(p.uploads, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", filepath.Join(p.uploads, "sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := syscall.Mknod(filepath.Join(p.uploads, "null"), syscall.S_IFCHR|0o600, 1<<8|3); err != nil {
		t.Fatalf("making a device, which this test needs root for: %v", err)
	}
	// The database must not be copied as a file as well.
	if err := os.Rename(p.db, filepath.Join(p.uploads, "data.db")); err != nil {
		t.Fatal(err)
	}
	p.db = filepath.Join(p.uploads, "data.db")
	m := p.create(t, t.TempDir(), "one", nil)
	got := map[string]string{}
	for _, skipped := range m.Part(Files).Skipped {
		got[skipped.Path] = skipped.Reason
	}
	want := map[string]string{
		"files/local/pipe": "a named pipe has no contents to keep", "files/local/sock": "a socket has no contents to keep",
		"files/local/null": "a device is not copied", "files/local/data.db": "it belongs to the database, which is a part of its own",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := Verify(context.Background(), m.Dir, progress.Discard); err != nil {
		t.Error(err)
	}
}

func TestDiskFull(t *testing.T) {
	p := newProject(t)
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=4m"); err != nil {
		t.Fatalf("mounting a small disk, which this test needs root for: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	p.create(t, disk, "earlier", nil)
	project := tree(t, p.root)
	try := func(report progress.Reporter) *SpaceError {
		t.Helper()
		_, err := Create(context.Background(), Options{Folder: disk, ID: "late", Database: p.open(t), Sources: p.sources()}, report)
		var full *SpaceError
		if !errors.As(err, &full) || !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("error %v", err)
		}
		if fault.HintOf(err) == "" || fault.StateOf(err) == "" || full.Need < 700<<10 {
			t.Errorf("%v: hint %q, state %q, need %d", err, fault.HintOf(err), fault.StateOf(err), full.Need)
		}
		return full
	}
	// The disk fills up while the backup is written …
	ballast := filepath.Join(disk, "ballast")
	try(&onProgress{after: 100 << 10, do: func() {
		if err := os.WriteFile(ballast, make([]byte, 4<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("filling the disk: %v", err)
		}
	}})
	onlyIn(t, disk, "ballast", "earlier")
	// … or was too full before.
	if full := try(progress.Discard); full.Free > 800<<10 {
		t.Errorf("%d bytes free", full.Free)
	}
	onlyIn(t, disk, "ballast", "earlier")
	if err := Verify(context.Background(), filepath.Join(disk, "earlier"), progress.Discard); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(project, tree(t, p.root)); diff != "" {
		t.Errorf("the project changed: %s", diff)
	}
}

func TestCancelAnywhere(t *testing.T) {
	p := newProject(t)
	folder := t.TempDir()
	for after := int64(0); after < 600<<10; after += 64 << 10 {
		ctx, cancel := context.WithCancel(context.Background())
		_, err := Create(ctx, Options{Folder: folder, ID: "one", Database: p.open(t), Sources: p.sources()}, &onProgress{after: after, do: cancel})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after %d bytes: %v", after, err)
		}
		onlyIn(t, folder)
	}
	m := p.create(t, folder, "one", nil)
	for name, work := range map[string]func(context.Context, progress.Reporter) error{
		"verify": func(ctx context.Context, r progress.Reporter) error { return Verify(ctx, m.Dir, r) },
		"restore": func(ctx context.Context, r progress.Reporter) error {
			return RestoreFiles(ctx, m.Dir, Files, p.uploads, r)
		},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		if err := work(ctx, &onProgress{after: 1, do: cancel}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
	onlyIn(t, p.root, ".env", "data.db", "extensions", "node_modules", "package.json", "uploads")
}

func TestLeftoverOfTheSameID(t *testing.T) {
	p := newProject(t)
	folder := t.TempDir()
	put(t, filepath.Join(folder, "one.partial", "half"), "half")
	put(t, filepath.Join(folder, "two.partial", "half"), "half")
	p.create(t, folder, "one", nil)
	onlyIn(t, folder, "one", "two.partial")
	onlyIn(t, filepath.Join(folder, "one"), "config", "database.sqlite", "extensions", "files", "manifest.json")
}

func TestCreateRefuses(t *testing.T) {
	p := newProject(t)
	folder := t.TempDir()
	p.create(t, folder, "taken", nil)
	inside := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(p.root, inside); err != nil {
		t.Fatal(err)
	}
	files := func(s Source) []Source { s.Part = Files; return []Source{s} }
	cases := map[string]struct {
		options Options
		want    string
	}{
		"id taken":       {Options{Folder: folder, ID: "taken"}, "already a backup"},
		"id leaves":      {Options{Folder: folder, ID: "../x"}, "cannot be the id"},
		"id partial":     {Options{Folder: folder, ID: "x.partial"}, "cannot be the id"},
		"inside root":    {Options{Folder: filepath.Join(inside, "backups"), ID: "x", Root: p.root}, "lies inside"},
		"inside source":  {Options{Folder: filepath.Join(p.uploads, "b"), ID: "x", Sources: files(Source{Dir: p.uploads})}, "lies inside"},
		"no folder":      {Options{Folder: folder, ID: "x", Sources: files(Source{Dir: filepath.Join(p.root, "no")})}, "cannot be reached"},
		"no file":        {Options{Folder: folder, ID: "x", Sources: files(Source{Dir: p.root, Files: []string{"no"}})}, "do not exist"},
		"file outside":   {Options{Folder: folder, ID: "x", Sources: files(Source{Dir: p.uploads, Files: []string{"../.env"}})}, "does not lie in"},
		"prefix outside": {Options{Folder: folder, ID: "x", Sources: files(Source{Dir: p.uploads, Prefix: "../x"})}, "could leave"},
		"prefix twice":   {Options{Folder: folder, ID: "x", Sources: append(files(Source{Dir: p.uploads}), files(Source{Dir: p.extensions})...)}, "share the folder"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Create(context.Background(), c.options, progress.Discard)
			contains(t, err, c.want)
		})
	}
	onlyIn(t, folder, "taken")
	onlyIn(t, p.root, ".env", "data.db", "extensions", "node_modules", "package.json", "uploads")
}

func TestOptionalAndExcluded(t *testing.T) {
	p := newProject(t)
	m, err := Create(context.Background(), Options{Folder: t.TempDir(), ID: "one", Omitted: map[Part]string{Database: "left out on request"}, Sources: []Source{
		{Part: Files, Dir: filepath.Join(p.root, "no"), Optional: true},
		{Part: Extensions, Dir: p.root, Exclude: func(rel string) bool { return rel == "node_modules" || filepath.Ext(rel) == ".db" }},
	}}, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if part := m.Part(Files); !part.Included || part.Files != 0 {
		t.Errorf("files: %+v", part)
	}
	for _, e := range m.Part(Extensions).Entries {
		if strings.Contains(e.Path, "node_modules") || strings.Contains(e.Path, "data.db") {
			t.Errorf("%s is in the backup", e.Path)
		}
	}
	if reason := m.Part(Database).Reason; reason != "left out on request" {
		t.Errorf("reason %q", reason)
	}
}

// TestFileChangesMeanwhile changes a file while it is read.
func TestFileChangesMeanwhile(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big")
	put(t, big, strings.Repeat("x", 4*chunk))
	// In a part of its own, which comes after: files of a part are read together.
	gone := filepath.Join(t.TempDir(), "gone")
	put(t, gone, "soon removed")
	m, err := Create(context.Background(), Options{Folder: t.TempDir(), ID: "one", Sources: []Source{{Part: Files, Dir: dir}, {Part: Extensions, Dir: filepath.Dir(gone)}}},
		&onProgress{after: 2 * chunk, do: func() {
			put(t, big, strings.Repeat("y", 5*chunk))
			if err := os.Remove(gone); err != nil {
				t.Error(err)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(m.Dir, "files/big"))
	if err != nil || string(data) != strings.Repeat("y", 5*chunk) {
		t.Errorf("%d bytes, %v: not the file as it was in the end", len(data), err)
	}
	part := m.Part(Extensions)
	if part.Files != 0 || len(part.Skipped) != 1 || part.Skipped[0].Path != "extensions/gone" {
		t.Errorf("files %d, skipped %v", part.Files, part.Skipped)
	}
}

// TestTraversal writes manifests, with right digests, that try to reach
// outside.
func TestTraversal(t *testing.T) {
	sum := Digest{0xab}
	file := func(path string) Entry { return Entry{Path: path, Type: TypeFile, SHA256: sum} }
	folder := func(path string) Entry { return Entry{Path: path, Type: TypeFolder, Mode: 0o755} }
	link := func(path, target string) Entry { return Entry{Path: path, Type: TypeLink, Target: target} }
	cases := map[string][]Entry{
		"up":             {folder("files"), file("files/../../x")},
		"absolute":       {folder("files"), file("/etc/x")},
		"unclean":        {folder("files"), file("files//x")},
		"dot":            {folder("files"), file(".")},
		"empty":          {folder("files"), file("")},
		"zero byte":      {folder("files"), file("files/a\x00b")},
		"through link":   {folder("files"), link("files/l", "/tmp"), file("files/l/x")},
		"through file":   {folder("files"), file("files/f"), file("files/f/x")},
		"prefix is link": {link("files", "/tmp"), file("files/x")},
		"no parent":      {folder("files"), file("files/no/x")},
		"other place":    {folder("files"), file("config/x")},
		"twice":          {folder("files"), file("files/x"), link("files/x", "/tmp")},
		"file twice":     {folder("files"), file("files/x"), file("files/x")},
		"folder twice":   {folder("files"), folder("files/x"), folder("files/x")},
		"link twice":     {folder("files"), link("files/x", "a"), link("files/x", "/tmp")},
		"root twice":     {folder("files"), folder("files")},
		"below a link":   {folder("files"), link("files/l", ".."), folder("files/l/config"), file("files/l/config/x")},
		"up and back":    {folder("files"), file("files/../files/x")},
		"only up":        {folder("files"), folder("..")},
		"no target":      {folder("files"), link("files/l", "")},
		"zero in target": {folder("files"), link("files/l", "a\x00b")},
		"pipe":           {folder("files"), {Path: "files/d", Type: "pipe"}},
		"socket":         {folder("files"), {Path: "files/d", Type: "socket"}},
		"hard link":      {folder("files"), {Path: "files/d", Type: "hardlink", Target: "/etc/passwd"}},
		"no size":        {folder("files"), {Path: "files/d", Type: TypeFile, SHA256: sum, Size: -1}},
		"the manifest":   {folder("files"), file("manifest.json")},
		"device":         {folder("files"), {Path: "files/d", Type: "device"}},
		"no type":        {folder("files"), {Path: "files/d"}},
		"no digest":      {folder("files"), {Path: "files/d", Type: TypeFile}},
	}
	manifest := func(entries ...Entry) *Manifest {
		return &Manifest{ID: "one", Parts: []PartInfo{{
			Name: Files, Included: true, Folders: []Folder{{Prefix: "files", Dir: "/x"}}, Entries: entries,
		}}}
	}
	for name, entries := range cases {
		t.Run(name, func(t *testing.T) { refused(t, manifest(entries...), outside) })
	}
	const harmless = `"path":"files/ok"`
	for name, raw := range map[string]string{
		"raw twice": "files/x", "raw path": "../x", "raw absolute": "/etc/x", "raw up": "files/../../x",
	} {
		t.Run(name, func(t *testing.T) {
			both := harmless + `,"raw_path":"` + base64.StdEncoding.EncodeToString([]byte(raw)) + `"`
			refused(t, manifest(folder("files"), file("files/x"), file("files/ok")), outside, harmless, both)
		})
	}
	t.Run("short digest", func(t *testing.T) {
		refused(t, manifest(folder("files"), file("files/d")), "is damaged", sum.String(), "abab")
	})
}

// outside is what is said of a manifest that reaches outside.
const outside = "not safe to use"

// TestUnsafeManifest is TestTraversal for what else a manifest names.
func TestUnsafeManifest(t *testing.T) {
	sum := Digest{0xab}
	dump := func(entries ...Entry) []PartInfo {
		return []PartInfo{{Name: Database, Included: true, Entries: entries}}
	}
	folders := func(prefixes ...string) []PartInfo {
		part := PartInfo{Name: Files, Included: true}
		for _, prefix := range prefixes {
			part.Folders = append(part.Folders, Folder{Prefix: prefix, Dir: "/x"})
		}
		return []PartInfo{part}
	}
	both := func(a, b PartInfo) []PartInfo { return []PartInfo{a, b} }
	root := PartInfo{Name: Files, Included: true, Folders: []Folder{{Prefix: "files", Dir: "/x"}}, Entries: []Entry{{Path: "files", Type: TypeFolder}}}
	again := root
	again.Name = Extensions
	for name, m := range map[string]*Manifest{
		"dump outside":    {ID: "one", Parts: dump(Entry{Path: "../database.sqlite", Type: TypeFile, SHA256: sum})},
		"dump absolute":   {ID: "one", Parts: dump(Entry{Path: "/etc/passwd", Type: TypeFile, SHA256: sum})},
		"dump in folder":  {ID: "one", Parts: dump(Entry{Path: "files/x", Type: TypeFile, SHA256: sum})},
		"dump is a link":  {ID: "one", Parts: dump(Entry{Path: "database.sqlite", Type: TypeLink, Target: "/etc/passwd"})},
		"dump is folder":  {ID: "one", Parts: dump(Entry{Path: "database.sqlite", Type: TypeFolder})},
		"dump twice":      {ID: "one", Parts: dump(Entry{Path: "d", Type: TypeFile, SHA256: sum}, Entry{Path: "d", Type: TypeFile, SHA256: sum})},
		"dump is this":    {ID: "one", Parts: dump(Entry{Path: manifestName, Type: TypeFile, SHA256: sum})},
		"folder outside":  {ID: "one", Parts: folders("../files")},
		"folder absolute": {ID: "one", Parts: folders("/etc")},
		"folder empty":    {ID: "one", Parts: folders("")},
		"folder is all":   {ID: "one", Parts: folders(".")},
		"folder unclean":  {ID: "one", Parts: folders("files//local")},
		"folder in two":   {ID: "one", Parts: both(root, again)},
		"part twice":      {ID: "one", Parts: both(root, root)},
		"ID outside":      {ID: "../one"},
		"ID absolute":     {ID: "/one"},
		"ID empty":        {ID: ""},
		"ID unfinished":   {ID: "one.partial"},
		"ID removed":      {ID: "one.removing"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, m, outside) })
	}
}

// refused writes a manifest, edited and with its right digest, and checks that
// nothing that reads a backup goes on with it, or writes anything anywhere.
// edits are pairs of old and new texts.
func refused(t *testing.T, m *Manifest, why string, edits ...string) {
	t.Helper()
	ctx := context.Background()
	above := t.TempDir()
	dir, to, scratch := filepath.Join(above, "one"), filepath.Join(above, "to"), filepath.Join(above, "scratch")
	for _, dir := range []string{dir, to, scratch} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	m.Format, m.Vendor, m.Verified = Format, database.SQLite, &Verification{}
	if err := m.write(dir); err != nil {
		t.Fatal(err)
	}
	if len(edits) > 0 {
		edit(t, dir, m.Digest, edits...)
	}
	_, readErr := Read(dir)
	_, proveErr := Prove(ctx, dir, scratchIn(scratch), progress.Discard)
	_, createErr := Create(ctx, Options{Folder: above, ID: "two", Previous: &Manifest{ID: "one", Parts: []PartInfo{{Files: 1}}}}, progress.Discard)
	for what, err := range map[string]error{
		"Read": readErr, "Prove": proveErr, "Create": createErr,
		"Verify":        Verify(ctx, dir, progress.Discard),
		"RestoreFiles":  RestoreFiles(ctx, dir, Files, to, progress.Discard),
		"RestoreFolder": RestoreFolder(ctx, dir, "files", to, progress.Discard),
		"RestoreEach":   RestoreEach(ctx, dir, "files", to, progress.Discard),
	} {
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: error %v", what, err)
		}
	}
	if all, err := List(above); err != nil || !slices.ContainsFunc(all, func(m *Manifest) bool { return m.ID == "one" && m.Damaged != nil }) {
		t.Errorf("it is not listed as damaged: %v", err)
	}
	onlyIn(t, to)
	onlyIn(t, scratch)
	onlyIn(t, above, "one", "scratch", "to")
	onlyIn(t, dir, manifestName)
}

// edit changes the text of a manifest with this digest, and renews that.
func edit(t *testing.T, dir, digest string, edits ...string) {
	t.Helper()
	name := filepath.Join(dir, manifestName)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.NewReplacer(append(edits, digest, noDigest)...).Replace(string(text))
	if !strings.Contains(edited, edits[1]) {
		t.Fatalf("%q is not in the manifest", edits[0])
	}
	put(t, name, strings.Replace(edited, noDigest, Digest(sha256.Sum256([]byte(edited))).String(), 1))
}

// TestStoredFileIsNoFile puts something in the place of a stored file that
// must be neither waited for nor followed, and that no digest is of.
func TestStoredFileIsNoFile(t *testing.T) {
	ctx := context.Background()
	p := newProject(t)
	secret := filepath.Join(t.TempDir(), "secret")
	put(t, secret, "first") // the same contents: only where they are is wrong
	for name, replace := range map[string]func(string) error{
		"pipe":          func(name string) error { return syscall.Mkfifo(name, 0o600) },
		"device":        func(name string) error { return syscall.Mknod(name, syscall.S_IFCHR|0o600, 1<<8|3) },
		"folder":        func(name string) error { return os.Mkdir(name, 0o700) },
		"link out":      func(name string) error { return os.Symlink(secret, name) },
		"link up":       func(name string) error { return os.Symlink("../../../../../../../etc/hostname", name) },
		"link to other": func(name string) error { return os.Symlink("b.bin", name) },
		"socket": func(name string) error {
			fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
			if err != nil {
				return err
			}
			defer syscall.Close(fd)
			return syscall.Bind(fd, &syscall.SockaddrUnix{Name: name})
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := p.create(t, filepath.Join(openDir(t), "b"), "one", nil)
			for _, path := range []string{"files/local/a.txt", "config/.env"} {
				stored := filepath.Join(m.Dir, path)
				if err := errors.Join(os.Remove(stored), replace(stored)); err != nil {
					t.Fatal(err)
				}
			}
			var damage *DamageError
			if err := Verify(ctx, m.Dir, progress.Discard); !errors.As(err, &damage) || len(damage.Bad) != 2 {
				t.Errorf("verified: %v", err)
			}
			to := filepath.Join(t.TempDir(), "to")
			if err := RestoreFiles(ctx, m.Dir, Files, to, progress.Discard); err == nil || exists(to) {
				t.Errorf("restored: %v", err)
			}
			if err := os.Mkdir(to, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := RestoreEach(ctx, m.Dir, "config", to, progress.Discard); err == nil {
				t.Error("restored one by one")
			}
			onlyIn(t, to)
		})
	}
}

// TestStoredFolderReplacedByLink puts a link to somewhere else in the place
// of a folder of the backup.
func TestStoredFolderReplacedByLink(t *testing.T) {
	p := newProject(t)
	m := p.create(t, t.TempDir(), "one", nil)
	outside := t.TempDir()
	put(t, filepath.Join(outside, "er/ü ☃.txt"), "snow")
	deep := filepath.Join(m.Dir, "files/local/deep")
	if err := os.RemoveAll(deep); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, deep); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "to")
	contains(t, RestoreFiles(context.Background(), m.Dir, Files, to, progress.Discard), "escapes")
	if exists(to) {
		t.Error("something was restored")
	}
}

// TestRestoreKilled kills a real process at every point of a restore.
func TestRestoreKilled(t *testing.T) {
	p := newProject(t)
	m := p.create(t, t.TempDir(), "one", nil)
	want := tree(t, p.uploads)
	want["a.txt"] = strings.Replace(want["a.txt"], "104640", "100640", 1)
	for _, point := range []string{"staged", "exchanged", "kept"} {
		for _, again := range []string{"one", "two"} {
			t.Run(fmt.Sprintf("%s, then %s", point, again), func(t *testing.T) {
				to := filepath.Join(t.TempDir(), "uploads")
				put(t, filepath.Join(to, "old"), "old")
				old := tree(t, to)
				killed(t, "restorer", m.Dir, to, point)
				if point == "staged" {
					if diff := cmp.Diff(old, tree(t, to)); diff != "" {
						t.Errorf("after the kill: %s", diff)
					}
				}
				dir := m.Dir
				if again == "two" {
					if other := filepath.Join(filepath.Dir(m.Dir), "two"); !exists(other) {
						p.create(t, filepath.Dir(m.Dir), "two", nil)
					}
					dir = filepath.Join(filepath.Dir(m.Dir), "two")
				}
				if err := RestoreFiles(context.Background(), dir, Files, to, progress.Discard); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, tree(t, to)); diff != "" {
					t.Errorf("restored again: %s", diff)
				}
				kept := 0
				for _, id := range []string{"one", "two"} {
					if name := to + ".before-" + id; exists(name) && exists(filepath.Join(name, "old")) {
						kept++
						if diff := cmp.Diff(old, tree(t, name)); diff != "" {
							t.Errorf("kept: %s", diff)
						}
					}
				}
				if kept != 1 {
					t.Errorf("the replaced folder is there %d times", kept)
				}
			})
		}
	}
}
