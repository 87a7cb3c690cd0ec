// GET /reading-time?words=900 answers {"data":{"words":900,"minutes":4.5}}.
// It reads nothing and writes nothing.
const wordsPerMinute = 200;

export default {
  id: 'reading-time',
  handler: (router) => {
    router.get('/', (request, response) => {
      const words = Math.max(0, Number.parseInt(request.query.words ?? '0', 10) || 0);
      response.json({ data: { words, minutes: words / wordsPerMinute } });
    });
  },
};
