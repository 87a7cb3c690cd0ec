package evidence

import (
	"context"
	"fmt"
	"strings"
)

// postgresUnfit has the server convert every value as Directus will have it
// done (knex 3.1.0: ALTER COLUMN … TYPE … USING column::type), in a SELECT.
// That refuses what does not convert at all; what it would cut or round in
// silence is looked for with a condition.
func (s *sqlSource) postgresUnfit(ctx context.Context, n names, from, to Column) (Fit, error) {
	target := to.Data
	switch {
	case target == "":
		return Fit{}, ErrCannotTell
	case to.Length > 0:
		target = fmt.Sprintf("%s(%d)", target, to.Length)
	case to.Type == "decimal":
		target = fmt.Sprintf("%s(%d, %d)", target, to.Precision, to.Scale)
	}
	_, err := s.one(ctx, "SELECT count(CAST("+n.column+" AS "+target+")) FROM "+n.table) //nolint:gosec // identifiers are quoted, types are known ones
	if state(err) == "42846" {
		return Fit{Never: true}, nil
	}
	refused := strings.HasPrefix(state(err), "22")
	if err != nil && !refused {
		return Fit{}, err
	}
	found, err := s.where(ctx, n, n.column+" IS NOT NULL AND ("+s.postgresChanged(n.column, from, to)+")")
	if refused && (strings.HasPrefix(state(err), "22") || err == nil && found == 0) {
		return Fit{Unfit: 1, AtLeast: true}, nil
	}
	return Fit{Unfit: found}, err
}

// postgresChanged is a condition for values that a conversion would change. It
// fails on none that has already been found to convert.
func (s *sqlSource) postgresChanged(column string, from, to Column) string {
	text, texts := s.text(column), from.family() == textual || from.family() == other
	number := column + "::numeric"
	if from.family() == approximate {
		number = text + "::numeric" // its shortest digits, which are what people see
	}
	// as is a condition on a text that is a number.
	as := func(form, condition string) string {
		return "CASE WHEN " + text + " ~ " + form + " THEN " + condition + " ELSE true END"
	}
	switch to.family() {
	case textual:
		if to.Length > 0 {
			return fmt.Sprintf("%s > %d", s.characters(column), to.Length)
		}
	case whole:
		switch {
		case texts:
			return as(wholeText, outside(text+"::numeric", to))
		case from.family() != truth:
			return number + " <> trunc(" + number + ") OR " + outside(number, to)
		}
	case exact:
		if texts {
			return as(decimalText, rounded(text+"::numeric", to))
		}
		return rounded(number, to)
	case approximate:
		if texts {
			return as(decimalText, text+"::real::text::numeric <> "+text+"::numeric")
		}
		return column + "::real::text::numeric <> " + number
	case truth:
		if texts {
			return "lower(btrim(" + text + ")) NOT IN ('true', 'false', 't', 'f', 'yes', 'no', 'y', 'n', 'on', 'off', '1', '0')"
		}
		return column + " NOT IN (0, 1)"
	case day:
		if texts {
			return text + "::timestamp::time <> '00:00'"
		}
		return column + "::time <> '00:00'"
	case clock:
		if texts {
			return text + ` !~ '^\s*[0-9]{1,2}:'`
		}
		return "true" // the day is gone
	case other, moment, document, identifier, binary:
	}
	return "false"
}
