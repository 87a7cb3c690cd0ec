package evidence

import (
	"context"
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"

	"bunnyhop/internal/database"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// Ends are the two sides of a comparison, with their data where it can be
// read.
type Ends struct {
	Current, Wanted *snapshot.Snapshot
	// Target has the data of Current, Base that of Wanted; nil: it cannot be
	// read, and Unread says why ("the base is a file").
	Target, Base database.Database
	Unread       string
}

// Renames looks at the data behind columns that may have got another name, by
// their keys. What speaks for one is evidence; where the values are others, or
// nothing but the type speaks for it, the finding is that it is withdrawn. A
// column that cannot be read is told in the evidence; only the end of ctx is
// an error.
func Renames(ctx context.Context, ends Ends, all []compare.Rename, reporter progress.Reporter) (map[string]Finding, error) {
	findings := make(map[string]Finding, len(all))
	for i, r := range all {
		reporter.Progress("looking for columns that got another name", progress.Steps, int64(i), int64(len(all)))
		finding, err := ends.rename(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("looking at the data: %w", err)
		}
		findings[r.Key()] = finding
	}
	return findings, nil
}

func (e Ends) rename(ctx context.Context, r compare.Rename) (Finding, error) {
	m := modelOf(e.Current, nil)
	from := m.fields[name{r.Collection, r.From}]
	v := view{model: m}
	v.say("same type", columnOf(from).String())
	if r.Moved {
		v.say("place among the fields", "another one")
	} else {
		v.say("place among the fields", "the same")
	}
	seen, err := e.values(ctx, r, m)
	if ctx.Err() != nil {
		return Finding{}, ctx.Err()
	}
	const label = "same values"
	var why notCompared
	switch {
	case errors.As(err, &why):
		v.say(label, "not compared, for "+why.Error()+": it may be another field of the same type")
	case err != nil:
		v.say(label, "could not be compared: "+line(err))
	case seen.compared == 0:
		v.say(label, "not compared, for no row has a value of its own on both sides: it may be another field of the same type")
	default:
		v.say(label, fmt.Sprintf("%s of %s values are the same as in the base's %s%s",
			humanize.Comma(seen.same), humanize.Comma(seen.compared), r.To, map[bool]string{true: ", among the first rows"}[seen.capped]))
	}
	v.finding.Withdrawn = err == nil && seen.contrary() || r.Moved && (err != nil || !seen.proven())
	if e.Target == nil || v.finding.Withdrawn {
		return v.finding, nil
	}
	const copied = "values to copy"
	n, err := Database(e.Target).NonNull(ctx, r.Collection, r.From)
	if ctx.Err() != nil {
		return Finding{}, ctx.Err()
	}
	if !v.failed(copied, err) {
		v.count(copied, n)
		v.finding.Rows = n
	}
	return v.finding, nil
}

// notCompared says why values were not compared.
type notCompared string

func (why notCompared) Error() string { return string(why) }

// likeness is what comparing two columns by the keys of their rows found.
type likeness struct {
	compared, same int64
	// several: there is more than one value among the same ones.
	several bool
	// capped: there are more rows than were looked at.
	capped bool
}

// contrary: most values are others.
func (l likeness) contrary() bool { return 2*l.same < l.compared }

// proven: nearly all values are the same, and not by being one and the same.
func (l likeness) proven() bool { return l.several && 10*l.same >= 9*l.compared }

// values compares those of the target's old column with the base's new one.
func (e Ends) values(ctx context.Context, r compare.Rename, m *model) (likeness, error) {
	var none likeness
	if e.Target == nil || e.Base == nil {
		return none, notCompared(e.Unread)
	}
	base := modelOf(e.Wanted, nil)
	key := m.key(r.Collection)
	if key == "" || base.key(r.Collection) != key {
		return none, notCompared("the rows have no key in common")
	}
	to := base.fields[name{r.Collection, r.To}]
	here, there := e.Target.Vendor(), e.Base.Vendor()
	plain := plainOf(to.Type, here == there)
	if plain == nil {
		return none, notCompared("the two kinds of database tell such values differently")
	}
	old, cappedHere, err := reading{&sqlSource{e.Target}, r.Collection, key, r.From, to.Type, plain}.read(ctx)
	if err != nil {
		return none, err
	}
	found, cappedThere, err := reading{&sqlSource{e.Base}, r.Collection, key, r.To, to.Type, plain}.read(ctx)
	if err != nil {
		return none, err
	}
	standard, hasStandard := standardOf(to, plain)
	l, first := likeness{capped: cappedHere || cappedThere}, ""
	for row, value := range found {
		was, ok := old[row]
		if !ok || hasStandard && value == standard { // nobody wrote it
			continue
		}
		l.compared++
		if was != value {
			continue
		}
		l.same++
		l.several = l.several || l.same > 1 && value != first
		first = value
	}
	return l, nil
}
