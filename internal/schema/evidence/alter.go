package evidence

import (
	"errors"

	"github.com/dustin/go-humanize"

	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/snapshot"
)

// alter looks at the change of a column. Directus describes the whole column
// anew whatever changes of it (@directus/api 12.4.0, dist/services/fields.js,
// updateField and addColumnToTable), so the type of the column may change
// although only its default is to.
func (v *view) alter(f snapshot.Field) {
	attribute := v.change.Attribute()
	switch {
	case attribute == "schema.is_primary_key":
		v.block("Directus cannot change the primary key of a table")
		return
	case snapshot.Flag(f.Schema, "is_primary_key"):
		// Refused by all three kinds of database: the key would be made twice.
		v.block("Directus cannot alter the column that is a table's primary key")
		return
	case attribute == "schema.has_auto_increment":
		v.block("Directus cannot make a column count up")
		return
	case attribute == "schema.is_generated" || attribute == "schema.generation_expression":
		v.block("Directus does not make generated columns")
		return
	case v.vendor == database.Postgres && f.Type == "string" && number(f, "max_length", 255) < 0 && !v.sized(f):
		v.block("the column is a varchar without a length, which Directus cannot alter: give the field a length too")
		return
	}
	switch attribute {
	case "schema.is_nullable":
		if v.change.After == false {
			v.notNull(f)
		}
	case "schema.is_unique":
		if v.change.After == true {
			v.unique(f)
		}
	case "schema.is_indexed":
		if v.change.After == false {
			v.dropIndex()
		}
	}
	v.convert(f, attribute)
}

// sized: the change is one of those that give the column another length.
func (v *view) sized(f snapshot.Field) bool {
	wanted := v.wanted(f)
	return shaping[v.change.Attribute()] && (wanted.Type != "string" || number(wanted, "max_length", 255) > 0)
}

func (v *view) notNull(f snapshot.Field) {
	const label = "rows without a value"
	n, ok := v.number(label, question{kind: nulls, collection: f.Collection, field: f.Field})
	if !ok {
		return
	}
	v.count(label, n)
	if n > 0 { // a default does not fill them
		v.block("%s no value, and the field must have one: fill them first", things(n, "row has", "rows have"))
	}
}

func (v *view) unique(f snapshot.Field) {
	const label = "values that repeat another"
	n, ok := v.number(label, question{kind: duplicates, collection: f.Collection, field: f.Field})
	if !ok {
		return
	}
	v.count(label, n)
	if n > 0 {
		v.block("%s another, and each must be there once: change them first", things(n, "value repeats", "values repeat"))
	}
}

// convert looks at the values that the column would get another type for.
func (v *view) convert(f snapshot.Field, attribute string) {
	wanted := f
	if shaping[attribute] {
		wanted = v.wanted(f)
	} else if v.vendor == database.SQLite {
		return // whatever a column is called, its values stay
	}
	from, to := columnOf(f), made(wanted, v.vendor)
	if to.holds(from, v.vendor) || wanted.Type == "unknown" || wanted.Type == "alias" {
		return
	}
	at := question{collection: f.Collection, field: f.Field}
	if to.Length > 0 && from.family() == textual && (v.vendor != database.Postgres || to.Type != "uuid") {
		v.cut(at, attribute, to)
		return
	}
	at.kind, at.from, at.to = unfit, from, to
	const label = "values that do not fit"
	a, known := v.ask(at)
	if !known {
		return
	}
	if a.err != nil {
		v.unmeasured(label, attribute, a.err)
		return
	}
	if attribute == "type" || a.fit.Unfit > 0 || a.fit.Never {
		v.unfit(label, attribute, to, a.fit)
	}
}

func (v *view) unfit(label, attribute string, to Column, fit Fit) {
	value := humanize.Comma(fit.Unfit)
	if fit.AtLeast {
		value = "at least " + value
	}
	why := ""
	if !shaping[attribute] {
		why = "Directus makes the column anew, as " + to.String() + ": "
	}
	switch {
	case fit.Never:
		v.block("%sthe database turns no such value into %s", why, to)
		return
	case fit.Unfit > 0:
		v.finding.Risk = change.Destructive
		v.finding.Rows = fit.Unfit
		subject := things(fit.Unfit, "value does not fit", "values do not fit")
		if fit.AtLeast {
			subject = "at least " + subject
		}
		v.block("%s%s %s, and would be refused, cut or changed", why, subject, to)
	}
	v.finding.Evidence = append(v.finding.Evidence, change.Evidence{Label: label, Value: value, Loss: fit.Unfit > 0})
}

// cut compares the longest value with the length that is left.
func (v *view) cut(at question, attribute string, to Column) {
	const label = "longest value today"
	at.kind = longest
	a, known := v.ask(at)
	if !known {
		return
	}
	if a.err != nil {
		v.unmeasured(label, attribute, a.err)
		return
	}
	fits := a.number <= to.Length
	if fits && attribute != "type" && attribute != "schema.max_length" {
		return
	}
	unit := " characters"
	if a.number == 1 {
		unit = " character"
	}
	v.finding.Evidence = append(v.finding.Evidence, change.Evidence{Label: label, Value: humanize.Comma(a.number) + unit, Loss: !fits})
	if !fits {
		v.finding.Risk = change.Destructive
		kept := "would be kept"
		if v.vendor == database.SQLite { // which lets a column hold more than it says
			kept = "would be allowed"
		}
		v.block("the longest value has %s characters, and %s %s", humanize.Comma(a.number), humanize.Comma(to.Length), kept)
	}
}

// unmeasured: PostgreSQL cuts values without a word, so what nobody could look
// at is not taken for harmless.
func (v *view) unmeasured(label, attribute string, err error) {
	v.failed(label, err)
	if !errors.Is(err, ErrCannotTell) {
		return
	}
	v.say("the values", "are converted by the database, which may cut them")
	v.finding.Risk = change.Caution
	if shaping[attribute] {
		v.finding.Risk = change.Destructive
	}
}
