package snapshot

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
)

func parsedSmall(t *testing.T) *Snapshot {
	t.Helper()
	s, err := Parse([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t *testing.T, path string, value any) {
	t.Helper()
	data, ok := value.([]byte)
	if !ok {
		var err error
		if data, err = json.MarshalIndent(value, "", "  "); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// split writes a snapshot as directus-sync does.
func split(t *testing.T, dir string, s *Snapshot) {
	t.Helper()
	info := s.Object()
	for _, list := range []string{"collections", "fields", "relations"} {
		delete(info, list)
	}
	write(t, filepath.Join(dir, "info.json"), info)
	for _, c := range s.Collections {
		write(t, filepath.Join(dir, "collections", c.Collection+".json"), c.Object())
	}
	for _, f := range s.Fields {
		write(t, filepath.Join(dir, "fields", f.Collection, f.Field+".json"), f.Object())
	}
	for _, r := range s.Relations {
		write(t, filepath.Join(dir, "relations", r.Collection, r.Field+".json"), r.Object())
	}
}

func TestOpen(t *testing.T) {
	want, dir := parsedSmall(t), t.TempDir()
	write(t, filepath.Join(dir, "file.json"), want)
	split(t, filepath.Join(dir, "tree"), want)
	split(t, filepath.Join(dir, "config", "snapshot"), want)
	write(t, filepath.Join(dir, "config", "collections", "roles.json"), []byte("[]")) // data, not the model
	write(t, filepath.Join(dir, "project", "directus-config", "snapshot", "snapshot.json"), want)
	unrelated := *want
	unrelated.Relations = []Relation{}
	split(t, filepath.Join(dir, "unrelated"), &unrelated)
	byName := cmpopts.SortSlices(func(a, b Collection) bool { return a.Collection < b.Collection })
	for name, want := range map[string]*Snapshot{"file.json": want, "tree": want, "config": want, "project": want, "unrelated": &unrelated} {
		got, err := Open(filepath.Join(dir, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got, byName); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	huge := filepath.Join(dir, "huge.json")
	write(t, huge, []byte("{"))
	if err := os.Truncate(huge, MaxBytes+1); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "empty", "x.json"), []byte("{}"))
	s := parsedSmall(t)
	split(t, filepath.Join(dir, "damaged"), s)
	write(t, filepath.Join(dir, "damaged", "fields", "posts", "id.json"), []byte(`{"collection": "po`))
	split(t, filepath.Join(dir, "incomplete"), s)
	if err := os.RemoveAll(filepath.Join(dir, "incomplete", "fields")); err != nil {
		t.Fatal(err)
	}
	split(t, filepath.Join(dir, "leads-out"), s)
	if err := os.Symlink(huge, filepath.Join(dir, "leads-out", "fields", "posts", "x.json")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"missing.json": "no such file", "pipe": "neither a file nor a folder", "huge.json": "more than 128 MB", "empty": "holds no snapshot",
		"damaged": "fields/posts/id.json: it ends in the middle", "incomplete": "fields: no such file", "leads-out": "fields/posts/x.json",
	} {
		s, err := Open(filepath.Join(dir, name))
		var said *fault.Error
		if !errors.As(err, &said) || said.Hint == "" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %q", name, s, err, want)
		}
	}
}

func TestFetch(t *testing.T) {
	answer, status := `{"data": `+small+`}`, http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/auth/login":
			_, _ = w.Write([]byte(`{"data": {"access_token": "secret"}}`))
		case r.URL.Path != "/schema/snapshot" || r.Header.Get("Authorization") != "Bearer secret":
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"errors": [{"message": "You don't have permission", "extensions": {"code": "FORBIDDEN"}}]}`))
		default:
			w.WriteHeader(status)
			_, _ = w.Write([]byte(answer))
		}
	}))
	defer server.Close()
	ctx := context.Background()
	with := directus.NewClient(server.URL, "")
	if err := with.Login(ctx, "a@example.com", "password"); err != nil {
		t.Fatal(err)
	}
	for _, client := range []*directus.Client{directus.NewClient(server.URL, "secret"), with} {
		got, err := Fetch(ctx, client)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(parsedSmall(t), got); diff != "" {
			t.Error("(-want +got)\n" + diff)
		}
	}
	if _, err := Fetch(ctx, directus.NewClient(server.URL, "wrong")); err == nil || !strings.Contains(err.Error(), "403 FORBIDDEN") {
		t.Errorf("without rights: %v", err)
	}
	for name, test := range map[string]struct {
		answer string
		status int
		want   string
	}{
		"a page":    {"<html>", http.StatusOK, "data model"},
		"other":     {`{"data": []}`, http.StatusOK, "does not answer with its data model"},
		"nothing":   {``, http.StatusOK, "it is empty"},
		"cut off":   {`{"data": {"version": 1`, http.StatusOK, "cut off"},
		"an error":  {`{"errors": [{"message": "no"}]}`, http.StatusBadRequest, "answered 400"},
		"no answer": {``, http.StatusNoContent, "it is empty"},
	} {
		answer, status = test.answer, test.status
		if _, err := Fetch(ctx, directus.NewClient(server.URL, "secret")); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	answer, status = strings.Repeat(" ", 100), http.StatusOK
	if _, err := directus.NewClient(server.URL, "secret").SnapshotBody(ctx, 99); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("too long: %v", err)
	}
}
