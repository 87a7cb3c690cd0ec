package report

import (
	"fmt"
	"image"
	"image/color"
	_ "image/png" // screenshots
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestBrowser(t *testing.T) {
	b := newBrowser(t)
	page := rendered(t, sample().HTML)
	address := b.write(t, "review.html", page)

	t.Run("it is seen whether a page is quiet", func(t *testing.T) {
		loud := strings.Replace(page, "</main>", "<img src=http://evil.example/x></main>", 1)
		s := b.open(t, b.write(t, "loud.html", loud), "")
		if len(s.console) != 1 || !strings.Contains(s.console[0], "Content Security Policy") || len(s.asked) != 0 {
			t.Errorf("kept from loading: console %q, network %q", s.console, s.asked)
		}
		loud = strings.Replace(loud, "Content-Security-Policy", "no-policy", 1)
		if s = b.open(t, b.write(t, "loud.html", loud), ""); len(s.asked) != 1 || s.asked[0] != "evil.example" {
			t.Errorf("without the policy: console %q, network %q", s.console, s.asked)
		}
	})
	t.Run("all", func(t *testing.T) {
		picture := filepath.Join(b.dir, "all.png")
		s := b.open(t, address, picture)
		s.quiet(t)
		if got := len(s.unhidden()); got != len(sample().Changes) {
			t.Errorf("%d changes are shown", got)
		}
		if form := s.all("#filter"); len(form) != 1 || attribute(form[0], "hidden") != nil {
			t.Error("there is no filter")
		}
		if text := s.text(true); !strings.Contains(text, "14 changes") {
			t.Error("the changes are not counted")
		}
		painted(t, picture)
	})
	for _, test := range []struct {
		fragment string
		shown    string
		said     string
	}{
		{"filter=posts+column&kind=deleted", "c7", "1 of 14 changes"},
		{"filter=OLD_comments", "c3", "1 of 14 changes"},
		{"risk=destructive", "c3 c6 c7", "3 of 14 changes"},
		{"state=open", "c3 c9 c12 c14", "4 of 14 changes"},
		{"state=blocked&risk=caution", "c8", "1 of 14 changes"},
		{"filter=nothing+has+this", "", "0 of 14 changes"},
	} {
		t.Run(test.fragment, func(t *testing.T) {
			s := b.open(t, address+"#"+test.fragment, "")
			s.quiet(t)
			if got := strings.Join(s.unhidden(), " "); got != test.shown {
				t.Errorf("%s is shown", got)
			}
			if !strings.Contains(s.text(true), test.said) {
				t.Errorf("it does not say %q", test.said)
			}
		})
	}
	t.Run("a link unfolds what it leads to", func(t *testing.T) {
		s := b.open(t, b.write(t, "large.html", rendered(t, large(10, 40).HTML))+"#c42", "")
		s.quiet(t)
		var open []string
		for n := range s.Descendants() {
			if n.Data == "details" && attribute(n, "open") != nil && *attribute(n, "class") != "contents" {
				open = append(open, *attribute(n, "id"))
			}
		}
		if got := strings.Join(open, " "); got != "g2 c42" {
			t.Errorf("%s are open", got)
		}
	})
}

// TestBrowserWithoutScript reads hostile texts where the script may run and
// where it may not.
func TestBrowserWithoutScript(t *testing.T) {
	b := newBrowser(t)
	r := hostileReview()
	r.Changes = append(r.Changes, sample().Changes...)
	page := rendered(t, r.HTML)
	for _, script := range []bool{true, false} {
		t.Run(fmt.Sprint(script), func(t *testing.T) {
			if !script {
				page = strings.Replace(page, "script-src", "script-src 'none'; was-", 1)
			}
			picture := filepath.Join(b.dir, "hostile.png")
			s := b.open(t, b.write(t, "review.html", page), picture)
			if !script {
				s.console = slices.DeleteFunc(s.console, aboutPolicy)
			}
			s.quiet(t)
			if ran := attribute(s.all("#filter")[0], "hidden") == nil; ran != script {
				t.Errorf("the script ran: %v", ran)
			}
			if got := len(s.unhidden()); got != len(r.Changes) {
				t.Errorf("%d of %d changes are shown", got, len(r.Changes))
			}
			text := s.text(true)
			for _, h := range hostile {
				if !strings.Contains(text, h[1]) {
					t.Errorf("%q is not there", h[1])
				}
			}
			for n := range s.Descendants() {
				if n.Data == "script" && n.FirstChild.Data != pageScript || n.Data == "img" || n.Data == "svg" {
					t.Errorf("there is a foreign %s", n.Data)
				}
			}
			painted(t, picture)
		})
	}
}

// aboutPolicy: what the browser says when it does not run the script.
func aboutPolicy(line string) bool {
	return strings.Contains(line, "was-") || strings.Contains(line, "inline script")
}

// painted checks that a picture shows a page in the colours of its style.
func painted(t *testing.T, path string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	picture, _, err := image.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(picture.Bounds().Size()); got != "(1280,1600)" {
		t.Errorf("it is %s", got)
	}
	seen := map[color.Color]int{}
	for y := 0; y < picture.Bounds().Dy(); y += 4 {
		for x := range picture.Bounds().Dx() {
			seen[picture.At(x, y)]++
		}
	}
	ink, quiet := color.RGBA{0x1c, 0x1d, 0x22, 0xff}, color.RGBA{0x5b, 0x5e, 0x6b, 0xff}
	if len(seen) < 50 || seen[ink] < 25 || seen[quiet] < 25 {
		t.Errorf("%d colours, %d pixels of text, %d of labels", len(seen), seen[ink], seen[quiet])
	}
}
