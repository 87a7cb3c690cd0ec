package mysql

import (
	"bufio"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The lines by which a script is read again. What is before the first one is
// the dump tool's.
const (
	markTables   = "-- bunnyhop: tables"
	markPrograms = "-- bunnyhop: programs of "
	markViews    = "-- bunnyhop: views"
	markOthers   = "-- bunnyhop: others"
	markName     = "-- bunnyhop: name "   // of what is in the schema
	markEnable   = " -- bunnyhop: enable" // at the end of a line
	// markEnd is the last line; the sum of all that is before it follows. The
	// frames of the library that compresses have none.
	markEnd = "-- bunnyhop: end, CRC-32C "
	// markEarlierEnd is that of dumps whose frames have sums.
	markEarlierEnd = "-- bunnyhop: end"
)

// castagnoli is the polynomial of the sum, which processors compute.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// endLine is the last line of a script with that sum.
func endLine(sum uint32) string { return fmt.Sprintf("%s%08x", markEnd, sum) }

// statementBytes is how long an INSERT gets before the next one begins. Any
// server takes that much.
const statementBytes = 512 << 10

// writer writes what the dump tool does not.
type writer struct {
	out    *bufio.Writer
	conn   *sql.Conn
	schema string
}

// rest writes the tables of this package's own, and then all that is no table.
func (w *writer) rest(ctx context.Context, s *survey, mine []table) error {
	w.line("")
	if len(mine) > 0 {
		w.line(markTables)
		w.line("SET NAMES utf8mb4;")
		w.line("SET @bunnyhop_time_zone = @@time_zone, time_zone = '+00:00', @bunnyhop_sql_mode = @@sql_mode, sql_mode = 'NO_AUTO_VALUE_ON_ZERO';")
		w.line("SET @bunnyhop_foreign_key_checks = @@foreign_key_checks, foreign_key_checks = 0, @bunnyhop_unique_checks = @@unique_checks, unique_checks = 0;")
	}
	for _, t := range mine {
		if err := w.table(ctx, t, s.described[t.Name]); err != nil {
			return err
		}
	}
	if len(mine) > 0 {
		w.line("SET time_zone = @bunnyhop_time_zone, sql_mode = @bunnyhop_sql_mode, foreign_key_checks = @bunnyhop_foreign_key_checks, unique_checks = @bunnyhop_unique_checks;")
	}
	w.line(markPrograms + quote(w.schema))
	for _, name := range slices.Sorted(maps.Keys(s.own.names)) {
		w.line(markName + quote(name))
	}
	// Without a name, it is the schema that the script is run in.
	w.line("ALTER DATABASE " + s.defaults + ";")
	w.line("SET NAMES utf8mb4;")
	w.line("SET @bunnyhop_time_zone = @@time_zone, @bunnyhop_sql_mode = @@sql_mode, @bunnyhop_collation = @@collation_connection;")
	views := false
	for _, o := range s.objects {
		switch {
		case o.Kind == "view" && !views:
			w.line(markViews)
			w.placeholders(s.objects)
		case o.Kind != "view" && views:
			w.line(markOthers)
		}
		views = o.Kind == "view"
		w.object(o)
	}
	w.line("SET time_zone = @bunnyhop_time_zone, sql_mode = @bunnyhop_sql_mode, collation_connection = @bunnyhop_collation;")
	return nil
}

// line writes a line; an error stays in the buffered writer.
func (w *writer) line(text string) { _, _ = w.out.WriteString(text + "\n") }

// placeholders make all views as they will look, so that each can be made
// whatever others it reads.
func (w *writer) placeholders(all []object) {
	for _, o := range all {
		if o.Kind != "view" || len(o.Columns) == 0 {
			continue
		}
		columns := make([]string, len(o.Columns))
		for i, name := range o.Columns {
			columns[i] = "1 AS " + quote(name)
		}
		w.line("DROP TABLE IF EXISTS " + quote(o.Name) + ";")
		w.line("CREATE OR REPLACE VIEW " + quote(o.Name) + " AS SELECT " + strings.Join(columns, ", ") + ";")
	}
}

// object writes a statement with the settings that belong to it. The
// character set is that of the script; the collation gives literals theirs.
func (w *writer) object(o object) {
	set := []string{"sql_mode = " + literal(o.SQLMode)}
	if o.Kind == "view" {
		set = nil
	}
	if o.Collation != "" {
		set = append(set, "collation_connection = "+literal(o.Collation))
	}
	if o.TimeZone != "" {
		set = append(set, "time_zone = "+literal(o.TimeZone))
	}
	w.line("SET " + strings.Join(set, ", ") + ";")
	statement := o.Statement
	if o.Kind == "view" {
		statement = "CREATE OR REPLACE" + strings.TrimPrefix(statement, "CREATE")
	} else {
		w.line("DROP " + strings.ToUpper(o.Kind) + " IF EXISTS " + quote(o.Name) + ";")
	}
	end := ";;"
	for strings.Contains(statement, end) {
		end += "$"
	}
	w.line("DELIMITER " + end)
	w.line(statement)
	w.line(end)
	w.line("DELIMITER ;")
	if o.Kind == "event" && o.Enabled {
		w.line("ALTER EVENT " + quote(o.Name) + " ENABLE;" + markEnable)
	}
}

// table writes a table as the dump tool would, but with all digits, and
// without the name of the schema.
func (w *writer) table(ctx context.Context, t table, d *described) error {
	w.line("DROP TABLE IF EXISTS " + quote(t.Name) + ";")
	w.line(d.statement + ";")
	columns := slices.DeleteFunc(slices.Clone(d.columns), column.generated)
	if len(columns) == 0 {
		return nil
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = quote(c.Name)
	}
	begin := "INSERT INTO " + quote(t.Name) + " (" + strings.Join(names, ", ") + ") VALUES\n("
	var row []byte
	length := 0
	err := readTable(ctx, w.conn, w.schema, t.Name, columns, func(values []driver.Value) error {
		row = row[:0]
		for i, value := range values {
			if i > 0 {
				row = append(row, ',')
			}
			var err error
			if row, err = appendValue(row, value, columns[i]); err != nil {
				return err
			}
		}
		before := ",\n("
		switch {
		case length == 0:
			before = begin
		case length+len(row) > statementBytes:
			before, length = ";\n"+begin, 0
		}
		length += len(row) + 4
		_, _ = w.out.WriteString(before)
		_, _ = w.out.Write(row)
		return w.out.WriteByte(')')
	})
	if err != nil {
		return err
	}
	if length > 0 {
		w.line(";")
	}
	return nil
}

// binary are the types whose values are bytes, not characters.
var binary = []string{
	"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit", "vector",
	"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection",
}

// numeric are the types whose texts are numbers.
var numeric = []string{"decimal", "bigint"}

func appendValue(row []byte, value driver.Value, c column) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(row, "NULL"...), nil
	case int64:
		return strconv.AppendInt(row, v, 10), nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return nil, fmt.Errorf("column %q has a value that is no number", c.Name)
		}
		// With an exponent it is a floating point number to the server.
		return strconv.AppendFloat(row, v, 'e', -1, 64), nil
	case string:
		return append(row, literal(v)...), nil
	case []byte:
		switch {
		case slices.Contains(numeric, c.Data):
			return append(row, v...), nil
		case !slices.Contains(binary, c.Data):
			return append(row, literal(string(v))...), nil
		case len(v) == 0:
			return append(row, "''"...), nil
		}
		return hex.AppendEncode(append(row, "0x"...), v), nil
	}
	return nil, fmt.Errorf("column %q has a value of type %T, which cannot be written", c.Name, value)
}
