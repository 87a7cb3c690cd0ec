// Package advisory says what a version change means for one project: rules,
// their detectors, and the findings they make.
package advisory

// Severity orders findings.
type Severity string

// The severities. A blocker stops a flow unless it is overridden by its ID; a
// warning is acknowledged one by one; a note is only shown.
const (
	Blocker Severity = "blocker"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Finding is what a rule saw in this project.
type Finding struct {
	// ID is the rule's stable id ("12.0-custom-permissions").
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	// Area is the part of the project that it is about.
	Area Area `json:"area,omitempty"`
	// Uncertain is set when it could not be told whether the project is
	// affected; Remedy then says first what to look at.
	Uncertain bool `json:"uncertain,omitempty"`
	// Title is one line that says what will happen.
	Title string `json:"title"`
	// Evidence is what was seen in this project, one item a line.
	Evidence []string `json:"evidence,omitempty"`
	// Affects says who is affected.
	Affects string `json:"affects,omitempty"`
	// Remedy is what to do about it.
	Remedy string `json:"remedy,omitempty"`
	// Version is the release that brings the change; empty for rules that hold
	// for any jump.
	Version string `json:"version,omitempty"`
	// Source is where the fact comes from.
	Source string `json:"source,omitempty"`
	// NeverOverridable marks blockers that --override does not pass.
	NeverOverridable bool `json:"never_overridable,omitempty"`
	// LosesFunction marks findings that make a target "something this project
	// uses is lost", which the recommended target avoids.
	LosesFunction bool `json:"loses_function,omitempty"`
}

// Count returns how many findings have the severity.
func Count(findings []Finding, s Severity) int {
	n := 0
	for _, f := range findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}
