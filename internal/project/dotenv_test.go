package project

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The expectations are what npm's dotenv 16.4.5 and 17.2.3 gave; see
// testdata/freeze.cjs.
func TestParseDotenvLikeNpm(t *testing.T) {
	data, err := os.ReadFile("testdata/dotenv.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Input  string
		Output map[string]string
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 300 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		if diff := cmp.Diff(c.Output, asMap(parseDotenv([]byte(c.Input)))); diff != "" {
			t.Errorf("%q: (-npm +got)\n%s", c.Input, diff)
		}
	}
}

func TestParseDotenvInvalidUTF8(t *testing.T) {
	// As Node decodes it: one U+FFFD for each longest valid beginning.
	got := asMap(parseDotenv([]byte("A=\xe9\nB=x\xf0\x9f\x98y\nC=\xff\xfe")))
	want := map[string]string{"A": "\uFFFD", "B": "x\uFFFDy", "C": "\uFFFD\uFFFD"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCheckDotenv(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"whole", "# c\nA=1\n\n  # d\nexport B='x' # e\nC=\"a\nb\"\nD: 4\nE=\n", ""},
		{"empty", "", ""},
		{"no newline at the end", "A=1", ""},
		{"an apostrophe inside", "A=it's\n", ""},
		{"byte order mark", "\uFEFFA=1\n", ""},
		{"cut in a key", "A=1\nDB_PASS", `.env is damaged: line 2 has no "="`},
		{"cut in a key of the middle", "A=1\nB\nC=2\n", `.env is damaged: line 2 has no "="`},
		{"text before", "hello\nA=1\n", `.env is damaged: line 1 has no "="`},
		{"cut in a quote", "A=1\nB=\"x", ".env is damaged: the quote opened on line 2 (B) is never closed"},
		{"cut in a key file", "A=1\nKEY='-----BEGIN\nabc\n", ".env is damaged: the quote opened on line 2 (KEY) is never closed"},
		{"a quote that the next one closes", "A=\"x\nB=\"y\"\n", ".env is damaged: the quote opened on line 1 (A) is never closed"},
		{"NUL", "A=1\r\nB=\x00\x00\x00", ".env is damaged: line 2 holds NUL bytes"},
		{"NUL block after a power cut", "\x00\x00\x00\x00", ".env is damaged: line 1 holds NUL bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if err := checkDotenv(".env", []byte(c.content)); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A file cut at any byte is refused, or every value that is left is a
// beginning of the whole one.
func TestCutDotenv(t *testing.T) {
	whole := "# blog\nDB_CLIENT=sqlite3\nSECRET='a b # c'\nKEY=\"-----BEGIN-----\nabc\n-----END-----\"\nexport PORT=8055 # web\n"
	full := asMap(parseDotenv([]byte(whole)))
	refused := 0
	for cut := range whole {
		part := []byte(whole[:cut])
		if checkDotenv(".env", part) != nil {
			refused++
			continue
		}
		for key, value := range asMap(parseDotenv(part)) {
			if !strings.HasPrefix(full[key], value) {
				t.Errorf("cut at %d: %s is %q", cut, key, value)
			}
		}
	}
	if refused < 60 {
		t.Errorf("only %d of %d cuts were refused", refused, len(whole))
	}
}

func genKey() *rapid.Generator[string] { return rapid.StringMatching(`[A-Z][A-Z0-9_]{0,12}`) }

// genDotenv makes files of well-formed lines in many shapes.
func genDotenv() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		eol := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "eol")
		var b strings.Builder
		for range rapid.IntRange(0, 8).Draw(t, "lines") {
			key := genKey().Draw(t, "key")
			b.WriteString(rapid.SampledFrom([]string{
				"# a comment, it's \"one\"", "", "   ", key + "=", key + "=plain", key + " = spaced  # c", "export " + key + "='single # q'",
				key + "=\"double\\nline\"", key + "=\"two" + eol + "lines\" # c", key + ": yaml", key + "=`back 'n' \"tick\"`", key + "=a=b#c",
			}).Draw(t, "line"))
			b.WriteString(eol)
		}
		text := b.String()
		if rapid.Bool().Draw(t, "cut the last line end") {
			text = strings.TrimSuffix(text, eol)
		}
		return text
	})
}

func TestSetLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := genDotenv().Draw(t, "content")
		vars := asMap(parseDotenv([]byte(content)))
		key := genKey().Draw(t, "key")
		if len(vars) > 0 && rapid.Bool().Draw(t, "existing") {
			key = rapid.SampledFrom(keysOf(vars)).Draw(t, "which")
		}
		value := rapid.OneOf(rapid.SampledFrom([]string{"false", "", "a b", "it's", `say "x"`, "x#y", "a\nb", `a\nb`, "ü 😀", "$X", " lead", "`"}),
			rapid.StringMatching(`[ -~]{0,12}`)).Draw(t, "value")
		out, err := SetLine([]byte(content), key, value, "why")
		if err != nil {
			// Only values that hold all three quotes, or look like quoted ones, cannot be written.
			if !strings.ContainsAny(value, "'\"`\\\n") {
				t.Fatalf("%q: %v", value, err)
			}
			return
		}
		want := asMap(parseDotenv([]byte(content)))
		_, existed := want[key]
		want[key] = value
		if diff := cmp.Diff(want, asMap(parseDotenv(out))); diff != "" {
			t.Fatalf("%q\n%q\n%s", content, out, diff)
		}
		if err := checkDotenv(".env", out); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if !existed && !strings.HasPrefix(string(out), content) {
			t.Fatalf("appending changed other bytes: %q → %q", content, out)
		}
		if existed {
			onlyOneSpanDiffers(t, content, string(out), vars[key], value)
		} else if strings.Contains(content, "\r\n") && strings.Contains(strings.ReplaceAll(string(out[len(content):]), "\r\n", ""), "\n") {
			t.Fatalf("line ends changed: %q", out)
		}
		again, err := SetLine(out, key, value, "why")
		if err != nil || string(again) != string(out) {
			t.Fatalf("setting it twice changes more: %q, %v", again, err)
		}
		removed, err := RemoveLine(out, key)
		if err != nil {
			t.Fatal(err)
		}
		delete(want, key)
		if diff := cmp.Diff(want, asMap(parseDotenv(removed))); diff != "" {
			t.Fatalf("removing: %s", diff)
		}
	})
}

// onlyOneSpanDiffers says that what changed is no longer than the raw value.
func onlyOneSpanDiffers(t *rapid.T, before, after, oldValue, newValue string) {
	start := 0
	for start < len(before) && start < len(after) && before[start] == after[start] {
		start++
	}
	end := 0
	for end < len(before)-start && end < len(after)-start && before[len(before)-1-end] == after[len(after)-1-end] {
		end++
	}
	// Quotes, escapes and CRLF make the raw value longer than the value.
	if gone := len(before) - start - end; gone > 2*len(oldValue)+2 {
		t.Fatalf("%d bytes changed for %q → %q: %q → %q", gone, oldValue, newValue, before, after)
	}
}

func keysOf(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

func TestSetLineExamples(t *testing.T) {
	for _, c := range []struct{ name, content, key, value, want string }{
		{"append", "A=1\n", "IP_TRUST_PROXY", "true", "A=1\n# kept for 12.0\nIP_TRUST_PROXY=true\n"},
		{"append without a last newline", "A=1", "B", "2", "A=1\n# kept for 12.0\nB=2\n"},
		{"append with CRLF", "A=1\r\n", "B", "2", "A=1\r\n# kept for 12.0\r\nB=2\r\n"},
		{"into nothing", "", "B", "2", "# kept for 12.0\nB=2\n"},
		{"replace", "# c\nA = \"old\" # why\nB=2", "A", "new", "# c\nA = new # why\nB=2"},
		{"replace the last of two", "A=1\nA=2\n", "A", "3", "A=1\nA=3\n"},
		{"replace over lines", "A=\"x\r\ny\"\r\nB=1\r\n", "A", "z", "A=z\r\nB=1\r\n"},
		{"an empty value", "A=\nB=1\n", "A", "x", "A=x\nB=1\n"},
		{"the same", "A='1'\n", "A", "1", "A='1'\n"},
		{"quoted", "A=1\n", "A", "x # y", "A='x # y'\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := SetLine([]byte(c.content), c.key, c.value, "kept for 12.0")
			if err != nil {
				t.Fatal(err)
			}
			if string(out) != c.want {
				t.Errorf("got %q, want %q", out, c.want)
			}
		})
	}
}
