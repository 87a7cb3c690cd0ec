package steps

import (
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
)

// GateKind says what kind of answer a gate takes.
type GateKind string

const (
	// GateChoose takes one of Choices.
	GateChoose GateKind = "choose"
	// GateFindings takes an acknowledgement for each warning, and an override
	// for each blocker that may be overridden.
	GateFindings GateKind = "findings"
	// GateReview takes a decision for each change.
	GateReview GateKind = "review"
	// GateConfirm takes a typed name.
	GateConfirm GateKind = "confirm"
	// GateRecovery asks what to do after a failure in the cutover; it takes
	// one of Choices and never stays without an answer: the default is to roll
	// back.
	GateRecovery GateKind = "recovery"
)

// Gate is a question that a flow must have answered before it goes on.
type Gate struct {
	ID   string   `json:"id"`
	Kind GateKind `json:"kind"`
	// Title is one line, Text may have several.
	Title    string             `json:"title"`
	Text     string             `json:"text,omitempty"`
	Choices  []Choice           `json:"choices,omitempty"`
	Findings []advisory.Finding `json:"findings,omitempty"`
	Changes  []change.Change    `json:"changes,omitempty"`
	// Noise is what the changes leave out, and why; nothing is asked about it.
	Noise []change.Noise `json:"noise,omitempty"`
	// Confirm is the name that has to be typed.
	Confirm string `json:"confirm,omitempty"`
	// Flag names the flag that answers this gate without a terminal.
	Flag string `json:"flag,omitempty"`
	// Destructive gates are never answered by --yes (S8).
	Destructive bool `json:"destructive,omitempty"`
}

// Choice is one possible answer of a GateChoose or GateRecovery.
type Choice struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Detail  string `json:"detail,omitempty"`
	Default bool   `json:"default,omitempty"`
	// Disabled says why this cannot be chosen; empty means that it can.
	Disabled string `json:"disabled,omitempty"`
}

// Answer answers a gate; which field counts depends on the gate's kind.
type Answer struct {
	Choice       string           `json:"choice,omitempty"`
	Acknowledged []string         `json:"acknowledged,omitempty"`
	Overrides    []string         `json:"overrides,omitempty"`
	Decisions    change.Decisions `json:"decisions,omitempty"`
	Confirm      string           `json:"confirm,omitempty"`
}

// DefaultChoice returns the ID of the choice that --yes takes, or "".
func (g Gate) DefaultChoice() string {
	for _, c := range g.Choices {
		if c.Default && c.Disabled == "" {
			return c.ID
		}
	}
	return ""
}

// Validate says what is wrong with an answer, or nil. Findings that still
// block give an error with the exit code Blocked; everything else that is
// missing gives Unanswered.
func (g Gate) Validate(a Answer) error {
	switch g.Kind {
	case GateChoose, GateRecovery:
		return g.validateChoice(a.Choice)
	case GateFindings:
		return g.validateFindings(a)
	case GateReview:
		if open := change.Undecided(g.Changes, a.Decisions); len(open) > 0 {
			return g.unanswered("%d changes are not decided: %s", len(open), strings.Join(open, ", "))
		}
		return g.validateDecisions(a.Decisions)
	case GateConfirm:
		if g.Confirm == "" {
			return g.unanswered("no name to type is set")
		}
		if a.Confirm != g.Confirm {
			return g.unanswered("the name %q was not typed", g.Confirm)
		}
		return nil
	}
	return fmt.Errorf("gate %s is of an unknown kind %q", g.ID, g.Kind)
}

func (g Gate) validateChoice(id string) error {
	for _, c := range g.Choices {
		if c.ID != id {
			continue
		}
		if c.Disabled != "" {
			return fault.Newf("%s cannot be chosen: %s", c.Title, c.Disabled).WithCode(fault.Usage)
		}
		return nil
	}
	if id == "" {
		return g.unanswered("nothing was chosen")
	}
	return fault.Newf("%q is not one of the choices", id).WithCode(fault.Usage)
}

func (g Gate) validateFindings(a Answer) error {
	var blocking, open []string
	var last advisory.Finding
	overridable := false
	for _, f := range g.Findings {
		switch f.Severity {
		case advisory.Blocker:
			if f.NeverOverridable || !slices.Contains(a.Overrides, f.ID) {
				blocking, last = append(blocking, f.ID), f
				overridable = overridable || !f.NeverOverridable
			}
		case advisory.Warning:
			if !slices.Contains(a.Acknowledged, f.ID) {
				open = append(open, f.ID)
			}
		case advisory.Note:
		}
	}
	if len(blocking) > 0 {
		err := fault.Newf("blocked by %s", strings.Join(blocking, ", ")).WithCode(fault.Blocked)
		err.State = "nothing was changed"
		if len(blocking) == 1 && !overridable && last.Remedy != "" {
			// There is one thing to do, and the list may be out of sight.
			err.What += ": " + strings.Join(append([]string{last.Title}, last.Evidence...), "; ")
			return err.WithHint("%s", last.Remedy)
		}
		if overridable {
			return err.WithHint("read what each means, then follow its remedy or pass it with --override ID (one for each)")
		}
		return err.WithHint("follow the remedy of each")
	}
	if len(open) > 0 {
		return g.unanswered("warnings are not acknowledged: %s", strings.Join(open, ", "))
	}
	return nil
}

func (g Gate) validateDecisions(d change.Decisions) error {
	for _, c := range g.Changes {
		if c.Locked != "" && !d[c.ID] {
			if decided, ok := d[c.ID]; ok && !decided {
				return fault.Newf("%s cannot be rejected: %s", c.Title, c.Locked).WithCode(fault.Usage)
			}
		}
		if d[c.ID] && c.Blocked != "" {
			return fault.Newf("%s cannot be accepted: %s", c.Title, c.Blocked).WithCode(fault.Usage)
		}
		if !d[c.ID] && c.Locked == "" {
			continue
		}
		for _, need := range c.Requires {
			if accepted, decided := d[need]; decided && !accepted {
				return fault.Newf("%s needs %s, which is rejected", c.ID, need).WithCode(fault.Usage)
			}
		}
	}
	return nil
}

func (g Gate) unanswered(format string, args ...any) error {
	err := fault.Newf("%s: "+format, append([]any{g.Title}, args...)...).WithCode(fault.Unanswered)
	if g.Flag != "" {
		return err.WithHint("answer it with %s, or run bunnyhop in a terminal", g.Flag)
	}
	return err.WithHint("run bunnyhop in a terminal to answer it")
}
