package evidence

import "fmt"

// sqliteUnfit is a condition for values that are not of another type. SQLite
// refuses and cuts nothing: it keeps what is no number as it is, in a column of
// numbers too, and changes what looks like one. Times are numbers in it, of
// which only Directus knows the meaning. It is not ok where nothing is known.
func (s *sqlSource) sqliteUnfit(column string, from, to Column) (condition string, ok bool) {
	if source := from.family(); source == day || source == clock || source == moment {
		return "", false
	}
	byType := func(text, number string) string {
		return "CASE typeof(" + column + ") WHEN 'text' THEN " + text + " WHEN 'blob' THEN 1 ELSE " + number + " END"
	}
	switch to.family() {
	case textual:
		if to.Length > 0 {
			return fmt.Sprintf("%s > %d", s.characters(column), to.Length), true
		}
		return "0", true
	case binary:
		return "0", true
	case whole:
		integer := "CAST(" + column + " AS INTEGER)"
		return byType("CAST("+integer+" AS TEXT) <> "+column, column+" <> "+integer) + " OR " + outside(integer, to), true
	case exact, approximate: // the same to it, without a number of digits
		return byType(
			column+" <> CAST("+column+" AS NUMERIC) OR "+column+" GLOB '0[0-9]*' OR "+column+" GLOB '-0[0-9]*' OR "+column+" GLOB '*[eE ]*' OR length("+column+") > 16",
			column+" <> CAST("+column+" AS REAL)"), true
	case truth:
		return byType(column+" NOT IN ('0', '1')", column+" NOT IN (0, 1)"), true
	case document:
		// Its JSON is a number to SQLite, where it looks like one.
		number := "json_type(" + column + ") IN ('integer', 'real') AND CAST(CAST(" + column + " AS NUMERIC) AS TEXT) <> " + column
		return byType("CASE WHEN json_valid("+column+") THEN "+number+" ELSE 1 END", "0"), true
	case other, day, clock, moment, identifier:
	}
	return "", false
}
