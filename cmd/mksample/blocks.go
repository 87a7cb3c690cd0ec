package main

import "fmt"

const (
	numTexts     = 40
	numQuotes    = 25
	numGalleries = 8
)

func textBlocks(write *writer) []object {
	var list []object
	for n := 1; n <= numTexts; n++ {
		list = append(list, object{"id": n, "heading": write.headline(n), "body": write.paragraphs(1 + n%2)})
	}
	return list
}

func quotes(write *writer) []object {
	var list []object
	for n := 1; n <= numQuotes; n++ {
		list = append(list, object{"id": quoteID(n), "words": "“" + write.sentence() + "”", "said_by": fmt.Sprintf("Reader %d", n)})
	}
	return list
}

func quoteID(n int) string { return id(fmt.Sprintf("quote/%d", n)) }

func galleries() []object {
	var list []object
	for n := 1; n <= numGalleries; n++ {
		list = append(list, object{"id": n, "caption": fmt.Sprintf("Gallery %d 📸", n)})
	}
	return list
}

func galleryFiles() []object {
	var list []object
	for gallery := 1; gallery <= numGalleries; gallery++ {
		for place := range 1 + gallery%3 {
			picture := pictures[(gallery+place)%len(pictures)]
			list = append(list, object{
				"id": len(list) + 1, "block_gallery_id": gallery, "directus_files_id": id("file/" + picture.name), "sort": place + 1,
			})
		}
	}
	return list
}

// articleBlocks puts each block into one article: a link whose other end may
// be in one of three collections, two with numbers as keys, one with UUIDs.
func articleBlocks() []object {
	var list []object
	put := func(collection, item string) {
		n := len(list) + 1
		list = append(list, object{"id": n, "articles_id": 1 + n%numArticles, "collection": collection, "item": item, "sort": 1 + n/numArticles})
	}
	for n := 1; n <= numTexts; n++ {
		put("block_text", fmt.Sprint(n))
	}
	for n := 1; n <= numQuotes; n++ {
		put("block_quote", quoteID(n))
	}
	for n := 1; n <= numGalleries; n++ {
		put("block_gallery", fmt.Sprint(n))
	}
	return list
}
