package advisory_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/directus"
)

// TestExtensionUsesAreOfOneExtension: two extensions side by side, of which one
// uses what 11 took away and the other is a theme with words that 12 took away.
func TestExtensionUsesAreOfOneExtension(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, code := range map[string]string{
		"old-hook/dist/index.js":  `export default ({ filter }) => filter("items.create", (x, m, { accountability }) => accountability.permissions && x.admin_access)`,
		"old-theme/dist/index.js": `export default { rules: { navigation: { background: "#fff" } } }`,
		"fine/dist/index.js":      `export default { id: "fine" }`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	extension := func(name, kind string) directus.Extension {
		return directus.Extension{Name: name, Type: kind, Version: "1.0.0", Host: "*", Path: filepath.Join(dir, name), Folder: name, Source: directus.Local}
	}
	in := project(t, "10.13.4", "12.4.0", "10.13.4", quiet())
	in.Extensions = []directus.Extension{extension("old-hook", "hook"), extension("old-theme", "theme"), extension("fine", "interface")}
	for name, want := range map[string]string{"old-hook": "11.0-access-code", "old-theme": "12.0-theme-extensions", "fine": ""} {
		e := in.Extensions[slices.IndexFunc(in.Extensions, func(e directus.Extension) bool { return e.Name == name })]
		uses, err := advisory.ExtensionUses(t.Context(), in, e)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, use := range uses {
			found = found || use.ID == want
			if use.ID == "extensions" || len(use.Evidence) == 0 {
				t.Errorf("%s: %+v", name, use)
			}
			if other := map[string]string{"old-hook": "12.0-theme-extensions", "old-theme": "11.0-access-code"}[name]; use.ID == other {
				t.Errorf("%s has what is of another one: %+v", name, use)
			}
		}
		if want != "" && !found {
			t.Errorf("%s: %s is not among %+v", name, want, uses)
		}
		if name == "fine" && slices.ContainsFunc(uses, func(u advisory.ExtensionUse) bool { return !u.Uncertain }) {
			t.Errorf("fine uses %+v", uses)
		}
	}
}

func TestExtensionFits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		host, version string
		fits, known   bool
	}{
		{"^10.0.0", "10.13.4", true, true},
		{"^10.0.0", "11.0.0", false, true},
		{"^v9.9.0", "9.26.0", true, true},
		{"^10.0.0 || ^11.0.0", "11.17.4", true, true},
		{"*", "12.4.0", true, true},
		{"", "12.4.0", false, false},
		{"any one", "12.4.0", false, false},
	} {
		if fits, known := advisory.ExtensionFits(c.host, c.version); fits != c.fits || known != c.known {
			t.Errorf("%q for %s: fits %v, known %v", c.host, c.version, fits, known)
		}
	}
}
