package advisory

import (
	"context"
	"fmt"
	"slices"

	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
)

// Config is the effective configuration of a project.
type Config interface {
	// Lookup returns a value and whether it is set at all.
	Lookup(key string) (string, bool)
}

// Input is what the rules look at. What is left zero counts as "nothing
// there", so a caller fills in all that it can know.
type Input struct {
	// From and To are exact versions without a leading v.
	From, To string
	// Vendor is the database's kind, as database.Vendor names it ("sqlite").
	Vendor string
	DB     directus.Database
	Usage  directus.Usage
	Config Config

	// Pending are the migrations that To would run. Without To's code at hand,
	// those of the catalogue; see PendingFor.
	Pending []directus.Migration
	// Collisions is directus.Collisions of To's migrations and the project's.
	Collisions []string
	// Newer is directus.NewerThanCode for the installed version.
	Newer *directus.Newer

	Extensions []directus.Extension
	// ExtensionsPath is the folder of the extensions, absolute.
	ExtensionsPath string

	// NodeMajors are the Node majors that To was tested with; NodeFound is the
	// version of the Node that the project uses now, "" if there is none.
	NodeMajors []int
	NodeFound  string

	// ExternalStorage names the storage locations that are not local folders.
	ExternalStorage []string
	// Files holds the text of files in which the address of a health probe may
	// stand (Compose files, Dockerfile, scripts), by a name for people.
	Files map[string]string

	// Connection says how the project reaches its database server; it is zero
	// where there is none (SQLite).
	Connection Connection
}

// Rule is one thing that can go wrong between two versions. The table in
// rules.go holds them all; a new one is a new entry there.
type Rule struct {
	ID string
	// Version is the release that brings the change: the rule is asked only
	// when From < Version <= To. Empty means for any jump.
	Version  string
	Severity Severity
	Title    string
	Remedy   string
	Source   string
	// NeverOverridable and LosesFunction are as in Finding.
	NeverOverridable, LosesFunction bool
	// Vendors are the kinds of databases, as Input.Vendor names them, for which
	// the rule is asked; none means any. Such a rule looks at a server's own
	// views, which a role may not be let to read: what it cannot tell is a note
	// and does not end the check.
	Vendors []string
	// Detect looks whether the project is affected, and by what. Evidence is
	// optional. An error means that it could not be told, which is never "not
	// affected".
	Detect func(ctx context.Context, in Input) (evidence []string, hit bool, err error)
}

// Rules returns the rule base in the order in which findings are listed.
func Rules() []Rule { return append([]Rule(nil), rules...) }

// Check asks the rules that the jump from in.From to in.To crosses and returns
// what they found, in the order of the rule base.
func Check(ctx context.Context, in Input) ([]Finding, error) {
	from, to, err := in.versions()
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, rule := range rules {
		if !rule.crossed(from, to) || !rule.concerns(in) {
			continue
		}
		evidence, hit, err := rule.Detect(ctx, in)
		if err != nil && ctx.Err() == nil && len(rule.Vendors) > 0 {
			findings = append(findings, rule.untold(err))
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("checking %s (%s): %w", rule.ID, rule.Title, err)
		}
		if hit {
			findings = append(findings, rule.finding(evidence))
		}
	}
	return findings, nil
}

func (r Rule) finding(evidence []string) Finding {
	return Finding{
		ID: r.ID, Severity: r.Severity, Title: r.Title, Evidence: evidence, Remedy: r.Remedy,
		Version: r.Version, Source: r.Source,
		NeverOverridable: r.NeverOverridable, LosesFunction: r.LosesFunction,
	}
}

// untold says that a rule of a server could not be checked.
func (r Rule) untold(err error) Finding {
	return Finding{
		ID: r.ID, Severity: Note, Title: "not checked: " + r.Title, Evidence: []string{err.Error()},
		Remedy:  "look yourself, or let the project's database user read what is asked for and check again",
		Version: r.Version, Source: r.Source,
	}
}

// concerns reports whether the rule is about the project's kind of database.
func (r Rule) concerns(in Input) bool {
	return len(r.Vendors) == 0 || in.DB != nil && slices.Contains(r.Vendors, in.Vendor)
}

// crossed reports whether from < r.Version <= to.
func (r Rule) crossed(from, to *semver.Version) bool {
	if r.Version == "" {
		return true
	}
	version := semver.MustParse(r.Version)
	return from.LessThan(version) && !to.LessThan(version)
}

func (in Input) versions() (from, to *semver.Version, err error) {
	if from, err = semver.StrictNewVersion(in.From); err != nil {
		return nil, nil, fault.Wrap(err, fmt.Sprintf("the installed version %q is not understood", in.From), "")
	}
	if to, err = semver.StrictNewVersion(in.To); err != nil {
		return nil, nil, fault.Wrap(err, fmt.Sprintf("the target version %q is not understood", in.To),
			"give an exact version, for example 11.17.4").WithCode(fault.Usage)
	}
	return from, to, nil
}

// value is a configuration value, "" if it is not set.
func (in Input) value(key string) string {
	if in.Config == nil {
		return ""
	}
	value, _ := in.Config.Lookup(key)
	return value
}

func (in Input) isSet(key string) bool { return in.value(key) != "" }

// pending reports whether a migration is still to come.
func (in Input) pending(id string) bool {
	for _, m := range in.Pending {
		if m.ID == id {
			return true
		}
	}
	return false
}

// PendingFor lists the migrations of the catalogue that a version brings and
// that are not recorded: what will run, as far as it can be told without the
// version's code. It is a little too long where a migration is listed under an
// earlier version than the one that really brought it, never too short.
func PendingFor(to string, custom []directus.Migration, recorded []string) ([]directus.Migration, error) {
	target, err := semver.StrictNewVersion(to)
	if err != nil {
		return nil, fmt.Errorf("reading the version %q: %w", to, err)
	}
	var shipped []directus.Migration
	for _, m := range directus.Catalogue() {
		if !semver.MustParse(m.FirstIn).GreaterThan(target) {
			shipped = append(shipped, m)
		}
	}
	return directus.Pending(shipped, custom, recorded), nil
}
