package registry

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestConfigFollowsNPMsOrder(t *testing.T) {
	dir := t.TempDir()
	home, project, prefix := filepath.Join(dir, "home"), filepath.Join(dir, "project"), filepath.Join(dir, "prefix")
	write(t, filepath.Join(prefix, "bin", "node"), "")
	if err := os.Chmod(filepath.Join(prefix, "bin", "node"), 0o755); err != nil { //nolint:gosec // stands for a program
		t.Fatal(err)
	}
	global, user, own := filepath.Join(prefix, "etc", "npmrc"), filepath.Join(home, ".npmrc"), filepath.Join(project, ".npmrc")
	env := []string{"HOME=" + home, "PATH=" + filepath.Join(prefix, "bin")}
	load := func(extra ...string) string {
		t.Helper()
		cfg, err := LoadConfig(project, append(env, extra...))
		if err != nil {
			t.Fatal(err)
		}
		if cfg.GlobalFile != global {
			t.Errorf("global file is %s, want %s", cfg.GlobalFile, global)
		}
		return cfg.Registry
	}
	steps := []struct{ file, text, want string }{
		{"", "", DefaultRegistry},
		{global, "registry=https://global.example/npm", "https://global.example/npm/"},
		{user, "; mine\nregistry = \"https://user.example\"\n", "https://user.example/"},
		{own, "registry=https://${HOST_NAME}/", "https://project.example/"},
	}
	for _, step := range steps {
		if step.file != "" {
			write(t, step.file, step.text)
		}
		if got := load("HOST_NAME=project.example"); got != step.want {
			t.Errorf("after %s: %s, want %s", step.file, got, step.want)
		}
	}
	if got := load("HOST_NAME=x", "NPM_CONFIG_REGISTRY=https://env.example/a"); got != "https://env.example/a/" {
		t.Errorf("with a variable: %s", got)
	}
	if got := load("HOST_NAME=project.example", "npm_config_registry="); got != "https://project.example/" {
		t.Errorf("with an empty variable: %s", got)
	}
	if _, err := LoadConfig(project, env); err == nil {
		t.Error("an unset ${VAR} in the address was accepted")
	}
}

func TestExpand(t *testing.T) {
	env := []string{"A=1", "EMPTY="}
	tests := map[string]string{
		"x${A}y": "x1y", "${B}": "${B}", "${B?}": "", "${EMPTY}": "", `\${A}`: "${A}", `\\${A}`: `\1`, "${A}${A?}": "11",
	}
	for text, want := range tests {
		if got := expand(text, env); got != want {
			t.Errorf("expand(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestParseNPMRC(t *testing.T) {
	got := parseNPMRC("\ufeff# c\n a = b \nflag\nquoted = \"x # y\"\ncut = x ; y\nkept = x\\;y\nlist[] = 1\n[section]\n//h/:_authToken=abc=\n", nil)
	want := map[string]string{"a": "b", "flag": "true", "quoted": "x # y", "cut": "x", "kept": "x;y", "//h/:_authToken": "abc="}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

const secret = "s3cr3t-t0ken"

func TestLoginGoesOnlyWhereItBelongs(t *testing.T) {
	home := t.TempDir()
	password := base64.StdEncoding.EncodeToString([]byte(secret))
	write(t, filepath.Join(home, ".npmrc"), strings.Join([]string{
		"//a.example/npm/:_authToken=" + secret,
		"//b.example/:username=joe", "//b.example/:_password=" + password,
		"@scope:registry=https://user:" + secret + "@c.example/",
	}, "\n"))
	cfg, err := LoadConfig("", []string{"HOME=" + home, "npm_config_//d.example/:_auth=" + secret, "https_proxy=http://joe:" + secret + "@proxy.example"})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"https://a.example/npm/react":     "Bearer " + secret,
		"https://a.example/npm/-/x.tgz":   "Bearer " + secret,
		"https://a.example/other":         "",
		"https://a.example:8443/npm/x":    "",
		"https://evil.example/npm/":       "",
		"https://b.example/deep/down/x":   "Basic " + base64.StdEncoding.EncodeToString([]byte("joe:"+secret)),
		"https://d.example/@scope%2fname": "Basic " + secret,
	}
	for address, want := range tests {
		parsed, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := cfg.authorization(parsed); got != want {
			t.Errorf("%s gets %q, want %q", address, got, want)
		}
	}
	encoded, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{fmt.Sprint(cfg), fmt.Sprint(*cfg), fmt.Sprintf("%+v %#v %s", cfg, cfg, *cfg)}
	for _, text := range shown {
		if strings.Contains(text, secret) || strings.Contains(text, password) {
			t.Errorf("formatting shows a secret: %s", text)
		}
	}
	if strings.Contains(string(encoded), password) {
		t.Errorf("JSON shows a login: %s", encoded)
	}
}

func TestTarballAddress(t *testing.T) {
	tests := []struct{ registry, tarball, want string }{
		{"https://registry.npmjs.org/", "https://registry.npmjs.org/a/-/a-1.tgz", "https://registry.npmjs.org/a/-/a-1.tgz"},
		{"http://mirror.example/npm/", "https://registry.npmjs.org/a/-/a-1.tgz", "http://mirror.example/npm/a/-/a-1.tgz"},
		{"http://mirror.example/npm/", "https://cdn.example/a-1.tgz", "https://cdn.example/a-1.tgz"},
		{"http://mirror.example/npm/", "/tar/a-1.tgz", "http://mirror.example/tar/a-1.tgz"},
	}
	for _, test := range tests {
		if got, err := tarballAddress(test.registry, test.tarball); got != test.want || err != nil {
			t.Errorf("%s from %s: %q, %v; want %q", test.tarball, test.registry, got, err, test.want)
		}
	}
}

func TestBest(t *testing.T) {
	p := &Package{Name: "p", DistTags: Strings{"next": "3.0.0-rc.1"}, Versions: map[string]Version{}}
	for _, version := range []string{"1.0.0", "1.2.0", "1.2.1-beta.1", "2.0.0", "3.0.0-rc.1", "2.1.0"} {
		p.Versions[version] = Version{Version: version}
	}
	p.Versions["2.1.0"] = Version{Version: "2.1.0", Deprecated: "bad"}
	tests := map[string]string{
		"": "2.0.0", "*": "2.0.0", "^1.0.0": "1.2.0", "~1.0": "1.0.0", "1.x || 2.x": "2.0.0", ">=1 <2": "1.2.0", "1.0.0 - 1.1": "1.0.0",
		"next": "3.0.0-rc.1", "2.1.0": "2.1.0", "^2.1": "2.1.0", ">=1.2.1-beta.0 <2": "1.2.1-beta.1", ">=1.2.1-beta.0": "2.0.0", "^4": "", "latest": "", "git+ssh://x": "",
	}
	for wanted, want := range tests {
		if got, _ := p.Best(wanted, nil); got.Version != want {
			t.Errorf("%q is %q, want %q", wanted, got.Version, want)
		}
	}
}

// No name of an archive leads out of its folder.
func TestInsideStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"..", ".", "", "a", "package", "...", "b c"}), 1, 6).Draw(t, "parts")
		name := strings.Join(parts, "/")
		inner, err := inside(name)
		if err == nil && inner != "" && !filepath.IsLocal(inner) {
			t.Fatalf("%q becomes %q", name, inner)
		}
	})
}
