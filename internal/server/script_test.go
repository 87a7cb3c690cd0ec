package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bunnyhop/internal/progress"
)

// A script from elsewhere may do much more than start the server, and a
// subshell of it shows its words: neither is ever run again.
func TestScriptFromElsewhereIsNoLauncher(t *testing.T) {
	for name, text := range map[string]string{
		"script":   "node node_modules/directus/cli.js start\necho after\n",
		"subshell": "(node node_modules/directus/cli.js start; true) & wait\n",
	} {
		t.Run(name, func(t *testing.T) {
			p := newProject(t)
			deploy := filepath.Join(t.TempDir(), "deploy.sh")
			if err := os.WriteFile(deploy, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			run(t, p, nil, "sh", deploy)
			f, _ := find(t, p)
			if got := strings.Join(f.Argv, " "); got != "node node_modules/directus/cli.js start" {
				t.Fatalf("would start it with %q", got)
			}
			if err := f.Stop(t.Context(), progress.Discard); err != nil {
				t.Fatal(err)
			}
			nothingRuns(t, p, f)
		})
	}
}
