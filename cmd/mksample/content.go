package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// How many there are of what is counted out below.
const (
	numArticles = 60
	numTags     = 24
	numLetters  = 120
	numEditions = 12
)

// firstDay is the day of the oldest article.
var firstDay = time.Date(2023, time.April, 3, 0, 0, 0, 0, time.UTC)

// makeItems sends each collection whole, those that others point to first.
func makeItems(ctx context.Context, c *client) error {
	// Not a secret: the same seed gives the same newsroom.
	random := rand.New(rand.NewPCG(10, 13)) //nolint:gosec // see above
	write := newWriter(random)
	for _, batch := range []struct {
		collection string
		items      []object
	}{
		{"languages", languages()},
		{"authors", authors(write)},
		{"sections", sections()},
		{"tags", tags()},
		{"articles", articleItems(write)},
		{"articles_tags", articleTags(random)},
		{"articles_translations", translations(write)},
		{"block_text", textBlocks(write)},
		{"block_quote", quotes(write)},
		{"block_gallery", galleries()},
		{"block_gallery_files", galleryFiles()},
		{"articles_blocks", articleBlocks()},
		{"letters", letters(write)},
		{"editions", editions()},
	} {
		if err := c.post(ctx, "/items/"+batch.collection, batch.items); err != nil {
			return err
		}
	}
	return c.patch(ctx, "/items/site", object{
		"title": "The Harbour Post", "tagline": "News from the quay – 港の新聞 – أخبار الميناء", "colour": "#2F6F8F", "notices": true,
		"about": "<p>Printed since 1871. Caf\u00e9 and cafe\u0301 are the same word, spelled with different bytes.</p>",
		"menu":  []object{{"label": "Home", "url": "/"}, {"label": "Tides 🌊", "url": "/tides"}, {"label": "Über uns", "url": "/about"}},
		"logo":  id("file/logo.png"),
	})
}

func languages() []object {
	var list []object
	for i, l := range [][3]string{
		{"en-GB", "English", "ltr"},
		{"de-DE", "Deutsch", "ltr"},
		{"ja-JP", "日本語", "ltr"},
		{"ar-SA", "العربية", "rtl"},
		{"he-IL", "עברית", "rtl"},
		{"hi-IN", "हिन्दी", "ltr"},
	} {
		list = append(list, object{"code": l[0], "name": l[1], "direction": l[2], "sort": i + 1})
	}
	return list
}

var authorNames = []string{
	"Mina Okafor", "يوسف حدّاد", "森 愛子", "Zoë Brontë-O’Neill", "Łukasz Żółć", "Ngọc Trần", "Иван Ёлкин", "שרה לוי",
	"अनिता शर्मा", "Jose\u0301 Nu\u0301n\u0303ez", "D'Artagnan \"Dart\" O\\Brien", "김하늘",
}

func authorID(n int) string { return id("author/" + authorNames[n%len(authorNames)]) }

func authors(write *writer) []object {
	var list []object
	for i, name := range authorNames {
		author := object{
			"id": authorID(i), "name": name, "slug": fmt.Sprintf("author-%02d", i+1), "bio": write.paragraphs(1 + i%3),
			"born": firstDay.AddDate(-25-3*i, i, 2*i).Format(time.DateOnly), "rating": 5 - float64(i)/7, "fee": fmt.Sprintf("%d.%02d", 90+35*i, (i*37)%100),
			"speaks": []string{"English", [...]string{"Deutsch", "日本語", "العربية"}[i%3]},
		}
		switch i {
		case 0:
			author["portrait"], author["account"] = id("file/portrait-mina.png"), id("user/mina")
		case 1:
			author["portrait"], author["account"] = id("file/portrait-yusuf.jpg"), id("user/yusuf")
		case 2:
			author["account"] = id("user/aiko")
		case 3:
			author["born"], author["rating"], author["fee"], author["speaks"] = nil, nil, nil, nil
		default:
			author["contact"] = object{"phone": fmt.Sprintf("+44 20 7946 %04d", 100+i), "hours": []int{9, 17}, "nested": object{"deep": []any{nil, true, 1.5, "ü"}}}
		}
		list = append(list, author)
	}
	return list
}

// sections is a tree three levels deep; parent 0 is the top.
func sections() []object {
	tree := []struct {
		name   string
		parent int
	}{
		{"News", 0},
		{"Sport ⚽", 0},
		{"Culture", 0},
		{"Local", 1},
		{"World 🌍", 1},
		{"Harbour", 4},
		{"Town hall", 4},
		{"Rowing", 2},
		{"Football", 2},
		{"Film", 3},
		{"Books", 3},
		{"Poetry ✒️", 11},
		{"文化欄", 3},
		{"ملاحق", 0},
	}
	var list []object
	for i, s := range tree {
		section := object{"id": i + 1, "name": s.name, "slug": fmt.Sprintf("section-%02d", i+1), "sort": i + 1, "parent": nil}
		if s.parent > 0 {
			section["parent"] = s.parent
		}
		list = append(list, section)
	}
	return list
}

func tags() []object {
	names := []string{"breaking", "opinion", "long read", "写真", "مقابلة", "הארץ", "naïve", "naïve (NFD): nai\u0308ve", "🚢", "👩‍👩‍👧‍👦 families", "C++", "100 %", "a,b;c", "<b>", "tab\there"}
	var list []object
	for i := range numTags {
		name := fmt.Sprintf("topic %02d", i+1)
		if i < len(names) {
			name = names[i]
		}
		list = append(list, object{"id": i + 1, "name": name, "colour": fmt.Sprintf("#%02X%02X80", 40+8*i, 220-8*i), "sort": numTags - i})
	}
	return list
}

func articleItems(write *writer) []object {
	states := []string{"published", "published", "draft", "review", "published", "archived"}
	var list []object
	for n := 1; n <= numArticles; n++ {
		day := firstDay.AddDate(0, 0, 9*n)
		article := object{
			"id": n, "status": states[n%len(states)], "sort": n, "title": write.headline(n), "slug": fmt.Sprintf("article-%03d", n),
			"summary": write.sentence(), "body": write.paragraphs(3 + n%4),
			"published_on": day.Format(time.DateOnly), "embargo": day.Add(6*time.Hour + 30*time.Minute).Format(time.RFC3339),
			"minutes": float64(n) / 8, "budget": fmt.Sprintf("%d.%02d", n*137, n%100), "views": 1000 * n * n, "featured": n%7 == 0,
			"keywords": []string{"harbour", fmt.Sprintf("week %d", n), "événement"}, "meta": object{"source": "desk", "checked": n%2 == 0, "score": float64(n) * 0.1, "marks": []int{n, -n}},
			"section": 1 + n%14, "author": authorID(n), "cover": id("file/" + pictures[n%2].name),
		}
		switch {
		case n%20 == 0: // long reads, over 50 kB each
			article["body"] = write.long(60_000)
		case n%11 == 0: // everything that may be empty is
			for _, name := range []string{"summary", "body", "published_on", "embargo", "minutes", "budget", "keywords", "meta", "section", "author", "cover"} {
				article[name] = nil
			}
		case n == 13: // the limits of what JavaScript can count
			article["views"], article["minutes"], article["budget"], article["summary"] = int64(9007199254740991), 1e-9, "-9999999999.99", ""
		}
		list = append(list, article)
	}
	return list
}

func articleTags(random *rand.Rand) []object {
	var list []object
	for article := 1; article <= numArticles; article++ {
		for place, tag := range random.Perm(numTags)[:article%4] {
			list = append(list, object{"id": len(list) + 1, "articles_id": article, "tags_id": tag + 1, "sort": place + 1})
		}
	}
	return list
}

func translations(write *writer) []object {
	titles := map[string]string{
		"de-DE": "Größere Fähre über die Förde", "ja-JP": "港に新しい船が来た", "ar-SA": "سفينة جديدة في الميناء", "he-IL": "ספינה חדשה בנמל", "hi-IN": "बंदरगाह में नया जहाज़",
	}
	codes := []string{"de-DE", "ja-JP", "ar-SA", "he-IL", "hi-IN"}
	var list []object
	for article := 1; article <= numArticles; article++ {
		for i := range article % 3 {
			code := codes[(article+i)%len(codes)]
			list = append(list, object{
				"id": len(list) + 1, "articles_id": article, "languages_code": code,
				"title": fmt.Sprintf("%s (%d)", titles[code], article), "summary": write.sentence(),
			})
		}
	}
	return list
}

func letters(write *writer) []object {
	names := []string{"Tom", "Åsa", "Chloé", "たろう", "ليلى", "Müller & Söhne", "O'Hara", "🙂"}
	var list []object
	for n := 1; n <= numLetters; n++ {
		letter := object{
			"id": n, "article": 1 + n*7%numArticles, "name": names[n%len(names)], "body": write.sentence() + " " + write.sentence(),
			"stars": n % 6, "received": firstDay.AddDate(0, 0, 4*n).Add(time.Duration(n) * 37 * time.Minute).Format("2006-01-02T15:04:05"), "approved": n%3 == 0,
		}
		if n%5 == 0 {
			letter["answer"] = write.sentence()
		}
		list = append(list, letter)
	}
	return list
}

func editions() []object {
	states := []string{"archived", "printed", "planned"}
	var list []object
	for n := 1; n <= numEditions; n++ {
		edition := object{
			"id": n, "number": 7800 + n, "state": states[(n-1)*3/numEditions], "day": firstDay.AddDate(0, n+9, 0).Format(time.DateOnly),
			"deadline": fmt.Sprintf("%02d:30:00", 14+n%6), "copies": 12000 + 250*n, "price": "2.80", "lead": 5 * n,
		}
		if n == numEditions {
			edition["copies"], edition["price"], edition["lead"] = nil, nil, nil
		}
		list = append(list, edition)
	}
	return list
}
