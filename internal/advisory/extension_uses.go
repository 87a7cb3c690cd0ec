package advisory

import (
	"context"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/directus"
)

// ExtensionUse is something that an extension uses or is and that a version on
// the way takes away or changes.
type ExtensionUse struct {
	// ID, Version, Severity and Title are the rule's.
	ID       string   `json:"id"`
	Version  string   `json:"version,omitempty"`
	Severity Severity `json:"severity"`
	Title    string   `json:"title"`
	// Uncertain is set where it cannot be told; Evidence is then what makes it
	// worth a look.
	Uncertain bool     `json:"uncertain,omitempty"`
	Evidence  []string `json:"evidence"`
}

// inventory is the rule that lists the extensions; it says nothing about one.
const inventory = "extensions"

// ExtensionUses asks the rules about extensions of one extension alone, so that
// each can be shown with what is about it.
func ExtensionUses(ctx context.Context, in Input, e directus.Extension) ([]ExtensionUse, error) {
	from, to, err := in.versions()
	if err != nil {
		return nil, err
	}
	in.Extensions, in.read = []directus.Extension{e}, nil
	in = in.cached()
	var uses []ExtensionUse
	for _, rule := range rules {
		if rule.Area != AreaExtensions || rule.ID == inventory || !rule.crossed(from, to) {
			continue
		}
		a, err := rule.assess(ctx, in)
		if err != nil {
			return nil, err
		}
		// Some rules look at more than extensions.
		about := slices.DeleteFunc(slices.Clone(a.Evidence), func(line string) bool { return !mentionsExtension(line, e) })
		// That its range does not take the target, ExtensionFits says.
		about = slices.DeleteFunc(shortened(about, e), func(line string) bool { return line == outOfRange })
		if f, shown := a.Finding(); shown && len(about) > 0 {
			uses = append(uses, ExtensionUse{
				ID: f.ID, Version: f.Version, Severity: f.Severity, Title: f.Title, Uncertain: f.Uncertain, Evidence: about,
			})
		}
	}
	return uses, nil
}

func mentionsExtension(line string, e directus.Extension) bool {
	return strings.HasPrefix(line, "extension "+e.Name+", ") || strings.HasPrefix(line, describeExtension(e)) ||
		strings.HasPrefix(line, e.Name+": ") || e.Path != "" && strings.Contains(line, e.Path)
}

// shortened leaves out of evidence which extension it is about.
func shortened(lines []string, e directus.Extension) []string {
	for i, line := range lines {
		line = strings.TrimPrefix(line, "extension "+e.Name+", ")
		lines[i] = strings.TrimPrefix(line, describeExtension(e)+": ")
	}
	return lines
}

// ExtensionFits reports whether an extension's host range takes a version of
// Directus; known is false for a range that is missing or not understood.
// Directus itself does not look.
func ExtensionFits(host, version string) (fits, known bool) {
	if strings.TrimSpace(host) == "" {
		return false, false
	}
	to, err := semver.NewVersion(version)
	if err != nil {
		return false, false
	}
	constraint, err := semver.NewConstraint(host)
	if err != nil {
		return false, false
	}
	return constraint.Check(to), true
}
