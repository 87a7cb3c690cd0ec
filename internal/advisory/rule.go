package advisory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/systemschema"
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

	// Recorded are the ids of the migrations that the database has had, and
	// System are Directus' own tables as they are; both nil where nobody looked.
	Recorded []string
	System   systemschema.Tables
	// Backups are the whole backups of the project that hold its database.
	Backups []Backup

	// Root is the project's folder, and ConfigFile the file that its settings
	// come from; both absolute, empty where that is not known.
	Root, ConfigFile string

	// Now is the moment of the check; zero means the present.
	Now time.Time

	// read is what the rules of one check have read so far.
	read *reading
	// torn is set while the rules of a half-migrated database are asked: what
	// they read may be of neither version, and then they cannot tell.
	torn bool
}

// Rule is one thing that can go wrong between two versions. The lists of
// rules.go and its neighbours hold them all; a new one is a new entry there.
type Rule struct {
	ID string
	// Version is the release that brings the change: the rule is asked only
	// when From < Version <= To. Empty means for any jump.
	Version  string
	Severity Severity
	Area     Area
	// Title says in one line what will happen.
	Title string
	// Affects says in one sentence who is affected.
	Affects string
	// Unaffected says in one line why the rule does not apply to a project in
	// which Detect finds nothing.
	Unaffected string
	Remedy     string
	Source     string
	// Look says what people have to look at when it cannot be told, as "look
	// whether …". It is needed where Detect may return errUntold.
	Look string
	// Untold is the severity of what cannot be told; empty means Note.
	Untold Severity
	// NeverOverridable and LosesFunction are as in Finding.
	NeverOverridable, LosesFunction bool
	// Vendors are the kinds of databases, as Input.Vendor names them, for which
	// the rule is asked; none means any. Such a rule looks at a server's own
	// views, which a role may not be let to read: what it cannot tell is a note
	// and does not end the check.
	Vendors []string
	// Detect looks whether the project is affected, and by what. Evidence is
	// optional. errUntold, or untold with what to look at, means that the
	// answer lies outside of what can be read: that is shown, and never "not
	// affected". Any other error ends the check.
	Detect func(ctx context.Context, in Input) (evidence []string, hit bool, err error)
}

// Rules returns the rule base in the order in which findings are listed.
func Rules() []Rule { return append([]Rule(nil), rules...) }

// Check asks the rules that the jump from in.From to in.To crosses and returns
// what they found and what they could not tell, in the order of the rule base.
func Check(ctx context.Context, in Input) ([]Finding, error) {
	all, err := Assess(ctx, in)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, a := range all {
		if f, found := a.Finding(); found {
			findings = append(findings, f)
		}
	}
	return findings, nil
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
