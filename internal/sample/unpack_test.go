package sample

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/fault"
)

func TestEnvironment(t *testing.T) {
	first, second := readEnv(t, unpacked(t)), readEnv(t, unpacked(t))
	for _, name := range []string{"KEY", "SECRET"} {
		if len(first[name]) < 32 || first[name] == second[name] {
			t.Errorf("%s is short or the same in two folders", name)
		}
	}
	port, err := strconv.Atoi(first["PORT"])
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		t.Errorf("the port is not free: %v", err)
	} else {
		_ = listener.Close()
	}
	delete(first, "KEY")
	delete(first, "SECRET")
	delete(first, "PORT")
	want := map[string]string{
		"HOST": "127.0.0.1", "PUBLIC_URL": fmt.Sprintf("http://127.0.0.1:%d", port), "DB_CLIENT": "sqlite3", "DB_FILENAME": "./data.db",
		"ADMIN_EMAIL": AdminEmail, "ADMIN_PASSWORD": AdminPassword,
		"STORAGE_LOCATIONS": "local", "STORAGE_LOCAL_DRIVER": "local", "STORAGE_LOCAL_ROOT": "./uploads", "TELEMETRY": "false",
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error(".env (-want +got):\n" + diff)
	}
}

func readEnv(t *testing.T, dir string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, ".env")) //nolint:gosec // a file of the test
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, found := strings.Cut(line, "=")
		if _, twice := env[name]; !found || twice || strings.ContainsAny(value, " \t\r\"'`#$") {
			t.Fatalf("line %q is not plain", name)
		}
		env[name] = value
	}
	return env
}

func TestRefusesUsedFolder(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ".env")
	if err := os.WriteFile(path, []byte("MINE=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var refusal *fault.Error
	if err := Unpack(dir); !errors.As(err, &refusal) || refusal.Hint == "" || refusal.Code != fault.Usage {
		t.Errorf("error is %#v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "MINE=1\n" { //nolint:gosec // a file of the test
		t.Errorf("the file holds %q, %v", data, err)
	}
	if err := Unpack(path); !errors.As(err, &refusal) {
		t.Errorf("a file instead of a folder: %#v", err)
	}
}

func TestEmptyFolder(t *testing.T) {
	if err := Unpack(t.TempDir()); err != nil {
		t.Fatal(err)
	}
}

// A truncated archive is the failure in the middle that is easy to make.
func TestFailureLeavesNothing(t *testing.T) {
	whole := archive
	defer func() { archive = whole }()
	archive = archive[:len(archive)/2]
	kept, parent := t.TempDir(), t.TempDir()
	for _, dir := range []string{kept, filepath.Join(parent, "new")} {
		var failure *fault.Error
		if err := Unpack(dir); !errors.As(err, &failure) {
			t.Fatalf("error is %#v", err)
		}
	}
	for _, dir := range []string{kept, parent} {
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("left behind: %v, %v", entries, err)
		}
	}
}
