package evidence

import "fmt"

// mysqlUnfit is a condition for values that another column would refuse or, on
// a server that is not strict, change (measured on MariaDB 10.11). It is not ok
// where there is none.
func (s *sqlSource) mysqlUnfit(column string, from, to Column) (condition string, ok bool) {
	source, text := from.family(), s.text(column)
	numeric := source == whole || source == exact || source == approximate || source == truth
	timed := source == day || source == clock || source == moment
	decimal := "CAST(" + text + " AS DECIMAL(65, 30))"
	const never = "1 = 1" // a date becomes the number 20240229
	switch to.family() {
	case textual:
		if to.Length > 0 {
			return fmt.Sprintf("%s > %d", s.characters(column), to.Length), true
		}
		return "length(" + column + ") > 65535", true
	case binary:
		return "length(" + column + ") > 65535", true
	case whole, exact, approximate, truth:
		if timed {
			return never, true
		}
		return mysqlNumber(text, decimal, to, numeric), true
	case day, clock, moment:
		return mysqlTime(column, source, to)
	case document:
		return "NOT json_valid(" + column + ")", true
	case other, identifier:
	}
	return "", false
}

func mysqlNumber(text, decimal string, to Column, numeric bool) string {
	form, condition := decimalText, rounded(decimal, to)
	switch to.family() {
	case whole:
		form, condition = wholeText, decimal+" <> truncate("+decimal+", 0) OR "+outside(decimal, to)
	case truth:
		return decimal + " NOT IN (0, 1) OR " + text + " NOT REGEXP " + decimalText
	case approximate: // has 24 bits, of which 5 digits are shown
		condition += fmt.Sprintf(" OR round(CAST(CAST(%s AS FLOAT) AS DOUBLE), %d) <> round(CAST(%s AS DOUBLE), %d)", decimal, to.Scale, decimal, to.Scale)
	default:
	}
	if numeric {
		return condition
	}
	return text + " NOT REGEXP " + form + " OR " + condition
}

func mysqlTime(column string, source family, to Column) (string, bool) {
	at, dated := "CAST("+column+" AS DATETIME(6))", ""
	if source == textual { // 10:11:12 is a day in 2010 to it
		dated = column + " NOT REGEXP '^[0-9]{4}-' OR "
	}
	switch to.family() {
	case day:
		switch source {
		case moment:
			return "time(" + column + ") <> '00:00:00'", true
		case textual:
			return dated + "CAST(" + column + " AS DATE) IS NULL OR time(" + at + ") <> '00:00:00'", true
		default:
		}
	case clock:
		if source == textual {
			return column + " NOT REGEXP '^-?[0-9]{1,3}:[0-5][0-9](:[0-5][0-9])?$'", true
		}
		return "1 = 1", true // the day is gone
	default:
		if source != day && source != moment && source != textual {
			return "1 = 1", true // a time gets today's date
		}
		condition := dated + at + " IS NULL OR microsecond(" + at + ") <> 0"
		if to.Type == "timestamp" {
			condition += " OR " + at + " NOT BETWEEN '1970-01-01 00:00:01' AND '2038-01-19 03:14:07'"
		}
		return condition, true
	}
	return "1 = 1", true
}
