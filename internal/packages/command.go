package packages

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"bunnyhop/internal/progress"
	"bunnyhop/internal/registry"
	"bunnyhop/internal/registry/environ"
)

// command is a package manager ready to run under the request's Node.
type command struct {
	name  string // "pnpm 9.15.9"
	args  []string
	env   []string
	notes []string // what a person should know about how it is run
}

// natives are the packages of Directus that work only once their install
// script ran.
const natives = "isolated-vm, sqlite3, argon2, sharp"

func commandFor(ctx context.Context, cacheDir string, r Request, report progress.Reporter) (*command, error) {
	env := r.Runtime.Environ(r.Environ)
	if environ.Get(env, "JOBS") == "" {
		env = environ.With(env, "JOBS=max") // node-gyp compiles on all cores
	}
	if r.Manager.Kind == NPM {
		return npmCommand(r, env), nil
	}
	tool, err := fetchTool(ctx, cacheDir, r, report)
	if err != nil {
		return nil, err
	}
	switch r.Manager.Kind {
	case PNPM:
		return pnpmCommand(r, env, tool), nil
	case Yarn:
		return &command{
			name: "yarn " + tool.version,
			args: []string{tool.script, "install", "--non-interactive", "--no-progress"},
			env:  yarnEnviron(r, env), notes: tool.notes,
		}, nil
	case YarnBerry:
		return berryCommand(r, env, tool), nil
	case NPM:
	}
	return nil, fmt.Errorf("installing packages: no command for %s", r.Manager.Kind)
}

func npmCommand(r Request, env []string) *command {
	c := &command{
		name: "npm " + r.Runtime.NPMVersion,
		args: []string{r.Runtime.NPM, "install", "--no-audit", "--no-fund", "--no-progress", "--no-update-notifier", "--foreground-scripts"},
		env:  env,
	}
	// From npm 12 on packages' install scripts run only when allowed.
	if major(r.Runtime.NPMVersion) < 12 {
		return c
	}
	wanted, err := readManifest(r.PackageJSON)
	if err == nil && len(wanted.AllowScripts) > 0 {
		c.notes = append(c.notes, "install scripts run as the project's allowScripts says; "+natives+" need theirs")
		return c
	}
	c.args = append(c.args, "--dangerously-allow-all-scripts")
	c.notes = append(c.notes, "npm 12 would leave out install scripts; they are allowed here, as in earlier npm, because "+natives+" need theirs")
	return c
}

func pnpmCommand(r Request, env []string, tool *tool) *command {
	c := &command{name: "pnpm " + tool.version, env: env, notes: tool.notes}
	c.args = []string{
		tool.script, "install",
		"--no-frozen-lockfile", // the default under CI, where the new version could not be locked
		"--reporter=append-only",
		"--config.update-notifier=false",
		"--config.confirm-modules-purge=false",
		// A hard link into pnpm's store would let another project's edit
		// change the kept tree (clone-or-copy makes links too in pnpm 11);
		// and its command files must not name the folder of this install.
		"--config.package-import-method=copy",
		"--config.extend-node-path=false",
		// The version to run is chosen; it must not fetch another itself.
		"--config.manage-package-manager-versions=false",
		"--config.package-manager-strict=false",
		"--config.pm-on-fail=ignore",
	}
	if major(tool.version) < 10 {
		return c
	}
	// From pnpm 10 on install scripts run only when allowed.
	wanted, err := readManifest(r.PackageJSON)
	if err == nil && wanted.hasOwnBuildPolicy(r.Settings["pnpm-workspace.yaml"]) {
		c.notes = append(c.notes, "install scripts run as the project's own pnpm settings say; "+natives+" need theirs")
		return c
	}
	c.args = append(c.args, "--config.dangerouslyAllowAllBuilds=true")
	c.notes = append(c.notes, "pnpm "+tool.version+" would leave out install scripts; they are allowed here, because "+natives+" need theirs")
	return c
}

func berryCommand(r Request, env []string, tool *tool) *command {
	c := &command{
		name: "yarn " + tool.version, notes: tool.notes,
		args: []string{tool.script, "install", "--inline-builds"},
		env:  berryEnviron(r, env, tool),
	}
	// Late yarn 4 leaves out install scripts unless enableScripts is set.
	switch {
	case bytes.Contains(r.Settings[".yarnrc.yml"], []byte("enableScripts")) || environ.Get(env, "YARN_ENABLE_SCRIPTS") != "":
		c.notes = append(c.notes, "install scripts run as the project's enableScripts says; "+natives+" need theirs")
	case major(tool.version) >= 4:
		c.notes = append(c.notes, "yarn "+tool.version+" may leave out install scripts; they are allowed here, because "+natives+" need theirs")
		c.env = environ.With(c.env, "YARN_ENABLE_SCRIPTS=1")
	}
	return c
}

// yarnEnviron points yarn 1 at the registry that npm uses, unless the project
// or the person says which one yarn is to use.
func yarnEnviron(r Request, env []string) []string {
	env = environ.With(env, "YARN_IGNORE_PATH=1")
	if r.Client == nil || environ.Get(env, "YARN_REGISTRY") != "" || strings.Contains(string(r.Settings[".yarnrc"]), "registry") {
		return env
	}
	if address := r.Client.Config().Registry; address != registry.DefaultRegistry && !strings.Contains(address, "@") {
		env = environ.With(env, "YARN_REGISTRY="+address)
	}
	return env
}

// berryEnviron sets what a newer yarn must not do here. It does not read
// .npmrc, so the registry is handed on where nothing else names one.
func berryEnviron(r Request, env []string, tool *tool) []string {
	env = environ.With(
		env,
		"YARN_IGNORE_PATH=1",               // a yarnPath names a file of the project
		"YARN_ENABLE_IMMUTABLE_INSTALLS=0", // on under CI, where the new version could not be locked
		"YARN_ENABLE_TELEMETRY=0",
		"YARN_ENABLE_PROGRESS_BARS=0",
		"YARN_ENABLE_COLORS=0",
		"YARN_ENABLE_GLOBAL_CACHE=1", // no .yarn/cache in the tree
	)
	if major(tool.version) >= 3 {
		env = environ.With(env, "YARN_NM_MODE=classic") // no hard links into yarn's own store
	}
	if r.Client == nil {
		return env
	}
	settings := string(r.Settings[".yarnrc.yml"])
	if home := environ.Get(env, "HOME"); home != "" {
		if data, err := os.ReadFile(filepath.Join(home, ".yarnrc.yml")); err == nil { //nolint:gosec // yarn's own settings
			settings += "\n" + string(data)
		}
	}
	cfg := r.Client.Config()
	if !strings.Contains(settings, "npmRegistryServer") && environ.Get(env, "YARN_NPM_REGISTRY_SERVER") == "" && !strings.Contains(cfg.Registry, "@") {
		env = environ.With(env, "YARN_NPM_REGISTRY_SERVER="+strings.TrimSuffix(cfg.Registry, "/"))
		if strings.HasPrefix(cfg.Registry, "http://") {
			env = environ.With(env, "YARN_UNSAFE_HTTP_WHITELIST="+hostOf(cfg.Registry))
		}
	}
	return env
}

func hostOf(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	name, _, _ := strings.Cut(host, ":")
	return name
}

func major(version string) int {
	text, _, _ := strings.Cut(version, ".")
	number, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return number
}
