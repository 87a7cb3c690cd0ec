package introspect

import (
	"encoding/json"
	"slices"
	"strings"

	"bunnyhop/internal/schema/snapshot"
)

// localTypes are Directus' names for the types of databases (@directus/api
// 10.13.4 to 12.4.0, dist/utils/get-local-type.js).
var localTypes = map[string]string{
	"boolean": "boolean", "bool": "boolean", "bit": "boolean",
	"tinyint": "integer", "smallint": "integer", "mediumint": "integer", "int": "integer", "integer": "integer", "serial": "integer",
	"int2": "integer", "serial4": "integer", "int4": "integer", "integerfirst": "integer", "year": "integer", "number": "integer", "numeric": "integer",
	"int unsigned": "integer", "tinyint unsigned": "integer", "smallint unsigned": "integer", "mediumint unsigned": "integer", "bigint unsigned": "integer",
	"bigint": "bigInteger", "bigserial": "bigInteger", "int8": "bigInteger", "serial8": "bigInteger",
	"clob": "text", "tinytext": "text", "mediumtext": "text", "longtext": "text", "text": "text", "ntext": "text", "string": "text", "nchar": "text", "citext": "text",
	"varchar": "string", "longvarchar": "string", "varchar2": "string", "nvarchar": "string", "char": "string", "character varying": "string",
	"character": "string", "interval": "string", "_varchar": "string", "bpchar": "string",
	"image": "binary", "blob": "binary", "mediumblob": "binary", "binary": "binary", "varbinary": "binary",
	"date": "date", "datetime": "dateTime", "datetime2": "dateTime", "smalldatetime": "dateTime",
	"timestamp without time zone": "dateTime", "timestamp without local time zone": "dateTime",
	"timestamp": "timestamp", "timestamptz": "timestamp", "datetimeoffset": "timestamp",
	"timestamp with time zone": "timestamp", "timestamp with local time zone": "timestamp",
	"time": "time", "timetz": "time", "time with time zone": "time", "time without time zone": "time",
	"float": "float", "double": "float", "double precision": "float", "real": "float", "smallmoney": "float", "money": "float", "float4": "float", "float8": "float",
	"decimal": "decimal", "json": "json", "jsonb": "json", "uuid": "uuid", "uniqueidentifier": "uuid",
	"geometry": "geometry", "point": "geometry.Point", "linestring": "geometry.LineString", "polygon": "geometry.Polygon", "multipoint": "geometry.MultiPoint",
	"multilinestring": "geometry.MultiLineString", "multipolygon": "geometry.MultiPolygon", "sdo_geometry": "geometry",
}

// bySpecial are the types that a field's special decides, in Directus' order.
var bySpecial = [][2]string{
	{castJSON, "json"},
	{"hash", "hash"},
	{castCSV, "csv"},
	{"uuid", "uuid"},
	{"file", "uuid"},
	{"cast-timestamp", "timestamp"},
	{"cast-datetime", "dateTime"},
}

func localType(c column, special []string, f snapshot.Features) string {
	data := strings.ToLower(c.dataType)
	base, _, _ := strings.Cut(data, "(")
	kind := localTypes[base]
	for _, rule := range bySpecial {
		if slices.Contains(special, rule[0]) {
			return rule[1]
		}
	}
	if special != nil && strings.HasPrefix(kind, "geometry") {
		if len(special) > 0 && special[0] != "" {
			return special[0]
		}
		return "geometry"
	}
	switch {
	case data == "numeric" && c.precision != nil && c.scale != nil:
		return "decimal"
	case f.UnlimitedIsText && c.dataType == "varchar" && c.maxLength == nil:
		return "text"
	case kind == "":
		return "unknown"
	}
	return kind
}

// defaultValue turns the text of a default into a value (@directus/api
// 10.13.4 to 12.4.0, dist/utils/get-default-value.js).
func defaultValue(c column, kind string) any {
	if c.defaultValue == nil || *c.defaultValue == "0000-00-00 00:00:00" {
		return nil
	}
	text := *c.defaultValue
	switch kind {
	case "bigInteger", "integer", "decimal", "float":
		if n, ok := jsNumber(text); ok {
			return finite(n)
		}
	case "boolean":
		return text != "0" && text != "false" && text != ""
	case "json":
		if text == "" {
			return text
		}
		return parsed(text)
	}
	return text
}

// parsed is JSON as a value, or the text where it is none.
func parsed(text string) any {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return text
	}
	withoutPrototype(value)
	return value
}

// withoutPrototype removes the keys that Directus' parser refuses
// (@directus/utils, parseJSON).
func withoutPrototype(value any) {
	switch value := value.(type) {
	case snapshot.Object:
		delete(value, "__proto__")
		for _, inner := range value {
			withoutPrototype(inner)
		}
	case []any:
		for _, inner := range value {
			withoutPrototype(inner)
		}
	}
}

// unquoted is a default without its quotes; null and what says null are nil.
// Quotes within stay doubled, as Directus leaves them.
func unquoted(value *string) *string {
	if value == nil || strings.ToLower(strings.Trim(*value, jsSpace)) == "null" {
		return nil
	}
	for _, quote := range []string{"'", `"`} {
		trimmed := strings.Trim(*value, jsSpace)
		if !strings.HasPrefix(trimmed, quote) || !strings.HasSuffix(trimmed, quote) {
			continue
		}
		inner := ""
		if len(trimmed) > 1 {
			inner = trimmed[1 : len(trimmed)-1]
		}
		return &inner
	}
	return value
}
