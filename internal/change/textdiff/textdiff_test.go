package textdiff_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bunnyhop/internal/change/textdiff"
)

// drawn writes a difference in one line per row: hot pieces in braces.
func drawn(rows []textdiff.Row) []string {
	side := func(pieces []textdiff.Piece) string {
		if pieces == nil {
			return "–"
		}
		var b strings.Builder
		for _, p := range pieces {
			if p.Hot {
				b.WriteString("{" + p.Text + "}")
			} else {
				b.WriteString(p.Text)
			}
		}
		return b.String()
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		sign := "≠"
		if row.Same {
			sign = "="
		}
		lines[i] = side(row.Before) + " " + sign + " " + side(row.After)
	}
	return lines
}

func TestLines(t *testing.T) {
	for _, test := range []struct {
		name, before, after string
		want                []string
	}{
		{"same", "a\nb", "a\nb", []string{"a = a", "b = b"}},
		{"a word", "keep it short", "keep it long", []string{"keep it {short} ≠ keep it {long}"}},
		{"nothing alike", "one", "two", []string{"one ≠ two"}},
		{"a line came", "a\nc", "a\nb\nc", []string{"a = a", "– ≠ b", "c = c"}},
		{"a line went", "a\nb\nc", "a\nc", []string{"a = a", "b ≠ –", "c = c"}},
		{"the alike one is paired", "the old name", "something else\nthe new name", []string{"– ≠ something else", "the {old} name ≠ the {new} name"}},
		{"added at the end", "a b", "a b c", []string{"a b ≠ a b{ c}"}},
		{"no room between words", "日本語", "日本人", []string{"日本{語} ≠ 日本{人}"}},
		{"joined signs stay whole", "family 👨‍👩‍👧 here", "family 👨‍👩‍👦 here", []string{"family {👨‍👩‍👧} here ≠ family {👨‍👩‍👦} here"}},
		{"marks stay on their letter", "cafe noir", "cafe\u0301 noir", []string{"{cafe} noir ≠ {cafe\u0301} noir"}},
		{"to nothing", "a b", "", []string{"a b ≠ "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, drawn(textdiff.Lines(test.before, test.after))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinesLoseNothing(t *testing.T) {
	text := rapid.Custom(func(t *rapid.T) string {
		line := rapid.StringMatching(`([ab]{1,2} ){0,3}[日"x.,\x{301}]{0,2}`)
		return strings.Join(rapid.SliceOfN(line, 1, 30).Draw(t, "lines"), "\n")
	})
	rapid.Check(t, func(t *rapid.T) {
		before, after := text.Draw(t, "before"), text.Draw(t, "after")
		var a, b []string
		for _, row := range textdiff.Lines(before, after) {
			whole := [2]string{}
			for i, pieces := range [][]textdiff.Piece{row.Before, row.After} {
				for _, p := range pieces {
					whole[i] += p.Text
					if p.Hot && row.Same {
						t.Fatalf("something differs in %v", row)
					}
				}
			}
			if row.Same && whole[0] != whole[1] {
				t.Fatalf("%v is not the same", row)
			}
			if row.Before != nil {
				a = append(a, whole[0])
			}
			if row.After != nil {
				b = append(b, whole[1])
			}
		}
		if got := strings.Join(a, "\n"); got != before {
			t.Fatalf("before is %q", got)
		}
		if got := strings.Join(b, "\n"); got != after {
			t.Fatalf("after is %q", got)
		}
	})
}

func TestEqual(t *testing.T) {
	rows := textdiff.Lines("1\n2\n3\n4\n5\n6\n7\n8\nold\n9\n10\n11\n12\n13\n14", "1\n2\n3\n4\n5\n6\n7\n8\nnew\n9\n10\n11\n12\n13\n14")
	for at, want := range map[int]int{0: 5, 1: 0, 2: 0, 5: 0, 8: 0, 9: 0, 12: 3, 13: 2, 14: 0} {
		if got := textdiff.Equal(rows, at, 3); got != want {
			t.Errorf("from %d on %d rows are equal and far, want %d", at, got, want)
		}
	}
	if got := textdiff.Equal(rows[:3], 0, 3); got != 3 {
		t.Errorf("%d of three equal rows", got)
	}
}
