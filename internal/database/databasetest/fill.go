package databasetest

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"bunnyhop/internal/database"
)

// FilledTables are the tables that Fill makes.
var FilledTables = []string{"articles", "directus_revisions", "articles_tags"}

// filledColumns are the columns and types of FilledTables. A type in angle
// brackets is another one for each vendor.
var filledColumns = map[string]string{
	"articles": "id <uuid> PRIMARY KEY, status varchar(20), title varchar(255), body <text>, published <time>, edited <time>, " +
		"score double precision, price decimal(10,2), views bigint, meta <json>",
	"directus_revisions": "id bigint PRIMARY KEY, activity bigint, collection varchar(64), item varchar(255), data <json>, delta <json>",
	"articles_tags":      "id bigint PRIMARY KEY, articles_id <uuid>, tags_id int, sort int",
}

var fillTypes = map[database.Vendor]*strings.Replacer{
	database.Postgres: strings.NewReplacer("<uuid>", "uuid", "<text>", "text", "<time>", "timestamptz", "<json>", "json"),
	database.MySQL:    strings.NewReplacer("<uuid>", "char(36)", "<text>", "text", "<time>", "timestamp NULL", "<json>", "json"),
	database.SQLite:   strings.NewReplacer("<uuid>", "char(36)", "<text>", "text", "<time>", "datetime", "<json>", "json"),
}

// rowsAtOnce is how many rows are written with one statement.
const rowsAtOnce = 64

// Fill makes tables with so many megabytes of values like those of a project
// that publishes articles: texts of several scripts, JSON, times, floats and
// many short rows. They are the same every time.
func Fill(tb testing.TB, db *sql.DB, vendor database.Vendor, megabytes int) {
	tb.Helper()
	for _, table := range FilledTables {
		if _, err := db.Exec("CREATE TABLE " + table + " (" + fillTypes[vendor].Replace(filledColumns[table]) + ")"); err != nil {
			tb.Fatal(err)
		}
	}
	tx, err := db.Begin()
	if err != nil {
		tb.Fatal(err)
	}
	f := &filler{tb: tb, tx: tx, vendor: vendor, random: rand.New(rand.NewPCG(1, 2)), pending: map[string][]any{}} //nolint:gosec // the same every time
	for f.bytes < int64(megabytes)*1e6 {
		f.article()
	}
	for _, table := range FilledTables {
		f.flush(table)
	}
	if err := tx.Commit(); err != nil {
		tb.Fatal(err)
	}
	if _, err := db.Exec("CREATE INDEX articles_status ON articles (status)"); err != nil {
		tb.Fatal(err)
	}
}

type filler struct {
	tb      testing.TB
	tx      *sql.Tx
	vendor  database.Vendor
	random  *rand.Rand
	pending map[string][]any // values, by table
	bytes   int64
	serial  int64
}

// article is an article with two revisions and six tags.
func (f *filler) article() {
	f.serial++
	var random [16]byte
	for i := range random {
		random[i] = byte(f.random.IntN(256)) //nolint:gosec // it fits
	}
	id := hex.EncodeToString(random[:])
	id = id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
	title, body := f.words(4+f.random.IntN(8)), f.words(100+f.random.IntN(500))
	at := time.Unix(1_600_000_000+f.serial*37, 0).UTC().Format(time.DateTime)
	meta := f.json(map[string]any{"tags": []string{f.word(), f.word()}, "reading": f.random.Float64(), "draft": f.serial%3 == 0})
	f.add("articles", id, []string{"draft", "published", "archived"}[f.serial%3], title, body, at, at,
		f.random.NormFloat64()*100, fmt.Sprintf("%.2f", f.random.Float64()*1e5), f.random.Int64N(1e6), meta)
	data := f.json(map[string]any{"id": id, "title": title, "body": body, "published": at, "views": f.serial})
	f.add("directus_revisions", f.serial*2, f.serial*3, "articles", id, data, f.json(map[string]any{"title": title}))
	f.add("directus_revisions", f.serial*2+1, f.serial*3+1, "articles", id, f.json(map[string]any{"status": "published"}), "{}")
	for i := range int64(6) {
		f.add("articles_tags", f.serial*6+i, id, f.random.Int64N(500), i)
	}
}

func (f *filler) add(table string, values ...any) {
	for _, value := range values {
		if text, ok := value.(string); ok {
			f.bytes += int64(len(text))
		} else {
			f.bytes += 8
		}
	}
	f.pending[table] = append(f.pending[table], values...)
	if len(f.pending[table]) >= rowsAtOnce*len(values) {
		f.flush(table)
	}
}

func (f *filler) flush(table string) {
	values := f.pending[table]
	columns := strings.Count(filledColumns[table], ", ") + 1
	var statement strings.Builder
	statement.WriteString("INSERT INTO " + table + " VALUES ")
	for i := range values {
		switch {
		case i == 0:
			statement.WriteString("(")
		case i%columns == 0:
			statement.WriteString("),(")
		default:
			statement.WriteString(",")
		}
		if f.vendor == database.Postgres {
			fmt.Fprintf(&statement, "$%d", i+1)
		} else {
			statement.WriteString("?")
		}
	}
	statement.WriteString(")")
	if len(values) == 0 {
		return
	}
	if _, err := f.tx.Exec(statement.String(), values...); err != nil {
		f.tb.Fatalf("filling %s: %v", table, err)
	}
	f.pending[table] = values[:0]
}

func (f *filler) json(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		f.tb.Fatal(err)
	}
	return string(text)
}

// vocabulary is of several scripts; the first words are the most frequent.
var vocabulary = func() []string {
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same every time
	letters := [][]rune{[]rune("etaoinshrdlucmfwypvbgkqjxz"), []rune("enisratdhulcgmobwfkzpvüäößjyxq"), []rune("оеаинтсрвлкмдпуяызьбгчйхжю"), []rune("的一是了我不人在他有这中大来上个国到说们")}
	words := make([]string, 20_000)
	for i := range words {
		script := letters[min(random.IntN(12), 11)*len(letters)/12]
		if i%1000 == 999 {
			script = []rune("😀🎉🚀❤👍")
		}
		var word []rune
		for range 2 + random.IntN(8) {
			word = append(word, script[int(math.Pow(random.Float64(), 2)*float64(len(script)))])
		}
		words[i] = string(word)
	}
	return words
}()

// word takes frequent words more often, as texts do.
func (f *filler) word() string {
	return vocabulary[int(math.Pow(float64(len(vocabulary)), f.random.Float64()))-1]
}

func (f *filler) words(n int) string {
	var text strings.Builder
	for i := range n {
		if i > 0 {
			text.WriteString([]string{" ", " ", " ", " ", ", ", ". ", "\n"}[f.random.IntN(7)])
		}
		text.WriteString(f.word())
	}
	return text.String()
}
