package advisory

import (
	"context"
	"slices"
)

// Outlook says in short what each of several versions would mean for a
// project. It is made for a list of versions, each of which would be checked
// alike when it is chosen.
type Outlook struct {
	// Findings are all that any of the versions has.
	Findings []Expected `json:"findings"`
	// Versions lists for each version which of the findings it has, as places
	// in Findings.
	Versions map[string][]int `json:"versions"`
}

// Expected is a finding in one line.
type Expected struct {
	ID       string   `json:"id"`
	Version  string   `json:"version,omitempty"` // the release that brings it; empty for any jump
	Severity Severity `json:"severity"`
	// Untold is set where it cannot be told whether the project is affected and
	// nothing has to be said to it.
	Untold bool   `json:"untold,omitempty"`
	Title  string `json:"title"`
}

// Tally counts the findings of one version by what they ask of people.
type Tally struct {
	Blockers int `json:"blockers"`
	Warnings int `json:"warnings"`
	Notes    int `json:"notes"`
	// Untold are those that cannot be told from here.
	Untold int `json:"untold"`
}

// outlook is an Outlook in the making. What is read of the project is read
// once for all versions.
type outlook struct {
	in   Input
	seen map[Expected]int
	out  Outlook
}

// Outlooks makes an Outlook version by version, in the order given; prepare
// sets what of an Input hangs on the version (Pending, NodeMajors), and more
// gives findings that no rule makes. After each version it calls done with what
// is there so far, which is not to be kept; an error of done ends it.
func Outlooks(ctx context.Context, in Input, versions []string, prepare func(*Input) error, more func(version string) []Expected, done func(Outlook) error) error {
	o := outlook{in: in.cached(), seen: map[Expected]int{}, out: Outlook{Findings: []Expected{}, Versions: map[string][]int{}}}
	for _, version := range versions {
		if err := o.add(ctx, version, prepare); err != nil {
			return err
		}
		for _, e := range more(version) {
			o.out.Versions[version] = append(o.out.Versions[version], o.place(e))
		}
		if err := done(o.out); err != nil {
			return err
		}
	}
	return nil
}

func (o *outlook) add(ctx context.Context, version string, prepare func(*Input) error) error {
	in := o.in
	in.To = version
	read := *o.in.read
	read.drift = nil // it hangs on the pending migrations
	in.read = &read
	if err := prepare(&in); err != nil {
		return err
	}
	findings, err := Check(ctx, in)
	if err != nil {
		return err
	}
	read.drift = nil
	*o.in.read = read
	places := make([]int, 0, len(findings))
	for _, f := range findings {
		e := Expected{ID: f.ID, Version: f.Version, Severity: f.Severity, Untold: f.Uncertain && f.Severity == Note, Title: f.Title}
		places = append(places, o.place(e))
	}
	o.out.Versions[version] = places
	return nil
}

// place is where a finding stands in the list.
func (o *outlook) place(e Expected) int {
	at, known := o.seen[e]
	if !known {
		at = len(o.out.Findings)
		o.seen[e] = at
		o.out.Findings = append(o.out.Findings, e)
	}
	return at
}

// Of lists the findings of a version, the gravest first, and whether the
// version was looked at.
func (o Outlook) Of(version string) ([]Expected, bool) {
	places, known := o.Versions[version]
	if !known {
		return nil, false
	}
	var all []Expected
	for _, at := range places {
		if at >= 0 && at < len(o.Findings) {
			all = append(all, o.Findings[at])
		}
	}
	slices.SortStableFunc(all, func(a, b Expected) int { return a.rank() - b.rank() })
	return all, true
}

func (e Expected) rank() int {
	switch {
	case e.Untold:
		return 3
	case e.Severity == Blocker:
		return 0
	case e.Severity == Warning:
		return 1
	}
	return 2
}

// TallyOf counts findings.
func TallyOf(all []Expected) Tally {
	var t Tally
	for _, e := range all {
		switch e.rank() {
		case 0:
			t.Blockers++
		case 1:
			t.Warnings++
		case 2:
			t.Notes++
		default:
			t.Untold++
		}
	}
	return t
}
