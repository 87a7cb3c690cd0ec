package upgrade_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
	"bunnyhop/steps/testbed"
)

// npmDies ends a real install in two ways: npm is killed, and npm gives up
// on a package.json that it does not understand.
func npmDies(t *testing.T, p *testbed.Project) {
	t.Run("killed", func(t *testing.T) {
		defer needsAnotherPackage(t, p, "7.0.0")()
		wizard := begin(t, p, task{To: target, Yes: true})
		npm := awaitNPM(t, wizard)
		if err := syscall.Kill(-npm.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		o := wizard.wait("npm killed").ends(fault.Failed).failedIn("stage").says("npm", "could not install", "killed", "as it was")
		if o.started("rehearse") {
			t.Error("it went on without the new code")
		}
		nothingStaged(t, p, npm)
	})
	t.Run("gives up", func(t *testing.T) {
		defer needsAnotherPackage(t, p, "no such range!")()
		o := do(t, p, "npm gives up", task{To: target, Yes: true}).
			ends(fault.Failed).failedIn("stage").says("npm", "could not install", "exited with 1", "as it was")
		if o.started("rehearse") {
			t.Error("it went on without the new code")
		}
	})
}

// needsAnotherPackage gives the project a dependency that no kept tree has.
func needsAnotherPackage(t *testing.T, p *testbed.Project, version string) (restore func()) {
	t.Helper()
	path := filepath.Join(p.Root, "package.json")
	text, restore := keepFile(t, path)
	overwrite(t, path, strings.Replace(text, `"directus":`, `"is-number": "`+version+`", "directus":`, 1))
	return restore
}

// awaitNPM waits for the package manager that a wizard has started.
func awaitNPM(t *testing.T, wizard *running) process.Info {
	t.Helper()
	for end := time.Now().Add(maxWait); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		all, err := process.All()
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			if one.Parent == wizard.cmd.Process.Pid && strings.Contains(one.Dir, ".partial-") {
				return one
			}
		}
	}
	t.Fatal("no npm was started")
	return process.Info{}
}

// nothingStaged asserts that an install that died left nothing that could be
// taken for a whole one.
func nothingStaged(t *testing.T, p *testbed.Project, npm process.Info) {
	t.Helper()
	if npm.Same() {
		t.Error("npm lives on")
	}
	key, _, _ := strings.Cut(filepath.Base(npm.Dir), ".partial-")
	tree := filepath.Join(filepath.Dir(npm.Dir), key)
	if _, err := os.Lstat(tree); !os.IsNotExist(err) {
		t.Errorf("there is a tree %s: %v", tree, err)
	}
	if _, err := os.Lstat(filepath.Join(p.Root, ".bunnyhop")); !os.IsNotExist(err) {
		t.Errorf("something was staged: %v", err)
	}
}

// TestUnreadableFiles runs the wizard as a user who may not read everything.
// Root reads whatever its mode says, so the user is another one.
func TestUnreadableFiles(t *testing.T) {
	t.Parallel()
	p := testbed.Apart(t)
	as := stranger(t, p)
	before := remember(t, p, noServer)
	for _, c := range []struct {
		name, path string
		step       string
		says       []string
	}{
		{"a folder of files", "uploads/private/", "inspect", []string{"reading stored files", "uploads/private", "permission denied", "every stored file", "as it was"}},
		{"a file", "uploads/secret.png", "backup", []string{"cannot be read", "uploads/secret.png", "permission denied", "chown", "nothing was written"}},
		{"the migrations", "migrations/", "inspect", []string{"own migrations cannot be read", "migrations", "permission denied"}},
		{"the extensions", "extensions/", "inspect", []string{"extensions", "permission denied"}},
		{"the configuration", ".env", "inspect", []string{".env", "permission denied"}},
		{"the database", "data.db", "inspect", []string{"data.db", "permission denied", "user that runs directus"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer unreadable(t, filepath.Join(p.Root, c.path), strings.HasSuffix(c.path, "/"))()
			o := do(t, p, c.name, task{To: target, Yes: true}, as).ends(fault.Failed).failedIn(c.step).says(c.says...)
			if o.started("prove") {
				t.Error("it went on without what it could not read")
			}
		})
	}
	before.t = t
	before.holds("after unreadable files")
	do(t, p, "everything readable", task{To: target, Yes: true, EndAt: "prove"}, as).ends(fault.Interrupted)
}

// stranger gives a project to the user nobody, for children that run as that
// user. A test that is not run by root is run by such a user already.
func stranger(t *testing.T, p *testbed.Project) func(*exec.Cmd) {
	t.Helper()
	if os.Geteuid() != 0 {
		return func(*exec.Cmd) {}
	}
	const nobody = 65534
	top := filepath.Dir(p.Root)
	for _, dir := range []string{top, filepath.Dir(top)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, cache := filepath.Join(top, "upgrade.test"), filepath.Join(top, "cache")
	script := `set -e
cp "$1" "$2"; chmod 755 "$2"
mkdir -p "$3/bunnyhop" "$4" "$5"
cp -r "$6/bunnyhop/registry" "$3/bunnyhop/registry"
chown -R nobody "$3" "$4" "$5"
chown nobody "$7"
find "$7" -mindepth 1 -maxdepth 1 ! -name node_modules -exec chown -R nobody {} +`
	out, err := exec.Command("bash", "-c", script, "bash", self, program, cache, p.State, p.Data, testbed.Cache(t), p.Root).CombinedOutput()
	if err != nil {
		t.Fatalf("giving the project away: %v\n%s", err, out)
	}
	return func(cmd *exec.Cmd) {
		cmd.Path, cmd.Dir = program, p.Root
		cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+cache, "HOME="+top, "TMPDIR=/tmp")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
}

// unreadable takes all rights on a file or folder away, and makes it first if
// it is not there.
func unreadable(t *testing.T, path string, folder bool) (restore func()) {
	t.Helper()
	info, err := os.Lstat(path)
	made := os.IsNotExist(err)
	switch {
	case made && folder:
		err = os.Mkdir(path, 0o755)
	case made:
		err = os.WriteFile(path, []byte("hidden"), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	return func() {
		if made {
			err = os.Remove(path)
		} else {
			err = os.Chmod(path, info.Mode().Perm())
		}
		if err != nil {
			t.Error(err)
		}
	}
}
