package advisory

import (
	"context"
	"errors"
	"fmt"
)

// Outcome is how a rule ends for one project.
type Outcome string

// The outcomes.
const (
	Applies      Outcome = "applies"
	DoesNotApply Outcome = "does not apply"
	CannotTell   Outcome = "cannot tell"
)

// Assessment is a rule and how it ended.
type Assessment struct {
	Rule    Rule
	Outcome Outcome
	// Evidence is what was seen in the project. With CannotTell it is what
	// makes the question worth asking; it may be empty.
	Evidence []string
	// Why says in one line why the rule does not apply; only for DoesNotApply.
	Why string
	// Look says what people have to look at; only for CannotTell.
	Look string
	// unchecked is set when the database would not let the rule be checked.
	unchecked bool
}

// untoldError is what a detector returns when the answer lies outside of the
// project, or in what it cannot read.
type untoldError struct{ look string }

func (e *untoldError) Error() string { return "it cannot be told: " + e.look }

// errUntold ends a rule as CannotTell, with the rule's own Look.
var errUntold error = &untoldError{}

// untold ends a rule as CannotTell and says what to look at in this project,
// in place of the rule's Look. Evidence that is returned with it is kept.
func untold(format string, args ...any) error {
	return &untoldError{fmt.Sprintf(format, args...)}
}

const lookOnServer = "look yourself, or let the project's database user read what is asked for and check again"

// Assess asks every rule that the jump from in.From to in.To crosses, in the
// order of the rule base.
func Assess(ctx context.Context, in Input) ([]Assessment, error) {
	from, to, err := in.versions()
	if err != nil {
		return nil, err
	}
	in = in.cached()
	half, err := in.halfway(ctx)
	in.torn = err == nil && len(half) > 0
	var all []Assessment
	for _, rule := range rules {
		if !rule.crossed(from, to) {
			continue
		}
		a, err := rule.assess(ctx, in)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// assess asks one rule.
func (r Rule) assess(ctx context.Context, in Input) (Assessment, error) {
	if !r.concerns(in) {
		return Assessment{Rule: r, Outcome: DoesNotApply, Why: r.Unaffected}, nil
	}
	evidence, hit, err := r.Detect(ctx, in)
	unknown := new(untoldError)
	switch {
	case errors.As(err, &unknown):
		a := Assessment{Rule: r, Outcome: CannotTell, Evidence: evidence, Look: unknown.look}
		if a.Look == "" {
			a.Look = r.Look
		}
		return a, nil
	case err != nil && ctx.Err() == nil && (len(r.Vendors) > 0 || in.torn):
		return Assessment{Rule: r, Outcome: CannotTell, Evidence: []string{err.Error()}, Look: lookOnServer, unchecked: true}, nil
	case err != nil:
		return Assessment{}, fmt.Errorf("checking %s (%s): %w", r.ID, r.Title, err)
	case hit:
		return Assessment{Rule: r, Outcome: Applies, Evidence: evidence}, nil
	}
	return Assessment{Rule: r, Outcome: DoesNotApply, Why: r.Unaffected}, nil
}

// Finding is what is shown of an assessment, and whether there is anything to
// show: what does not apply is no finding. What cannot be told is one that is
// marked as uncertain, and a note unless the rule says otherwise.
func (a Assessment) Finding() (Finding, bool) {
	r := a.Rule
	f := Finding{
		ID: r.ID, Severity: r.Severity, Area: r.Area, Title: r.Title, Evidence: a.Evidence, Affects: r.Affects, Remedy: r.Remedy,
		Version: r.Version, Source: r.Source,
	}
	switch a.Outcome {
	case DoesNotApply:
		return Finding{}, false
	case Applies:
		f.NeverOverridable, f.LosesFunction = r.NeverOverridable, r.LosesFunction
	case CannotTell:
		f.Uncertain, f.Severity = true, Note
		if r.Untold != "" {
			f.Severity = r.Untold
		}
		f.Remedy = a.Look + "; if so, " + r.Remedy
		if a.unchecked {
			f.Title, f.Remedy = "not checked: "+r.Title, a.Look
		}
	}
	return f, true
}
