// What the tests ask of a page with LHC-Forms in it. Nothing here knows a score.

const form = () => document.getElementById("form");
const model = () => LForms.Util._getFormObjectInScope(form());

const computed = (item) =>
  (item.extension ?? []).some((each) => each.url.endsWith("calculatedExpression"));

function chosen(item, answer) {
  if (answer === null) return null;
  if (answer.number !== undefined) return answer.number;
  const found = item.answers.filter(
    (each) => each.code === answer.code && each.system === answer.system,
  );
  if (found.length !== 1) throw new Error(`${item.linkId}: ${found.length} such options`);
  return found[0];
}

globalThis.rom = {
  /** Shows a Questionnaire; what went wrong, or null. */
  async load(questionnaire) {
    try {
      await LForms.Util.addFormToPage(questionnaire, form(), { fhirVersion: "R4" });
      return null;
    } catch (problem) {
      return String(problem);
    }
  },

  /** What the form model holds, one entry an item. */
  items() {
    return model().itemList.map((item) => ({
      linkId: item.linkId,
      id: item._elementId,
      kind: item.dataType,
      text: item.question,
      help: item.codingInstructions ?? null,
      options: (item.answers ?? []).map((each) => ({ text: each.text, score: each.score })),
      layout: item.displayControl?.answerLayout?.type ?? null,
      bounds: item.restrictions ?? null,
      computed: computed(item),
    }));
  },

  /** The computed values, by link id. */
  scores() {
    const found = model().itemList.filter(computed);
    return Object.fromEntries(found.map((item) => [item.linkId, item.value ?? null]));
  },

  /**
   * Per row of places, the computed values; answers[question][place] can be chosen.
   *
   * In a form model of its own: the shown one also calculates whenever the page is drawn.
   */
  async computed(questionnaire, linkIds, answers, rows) {
    const definition = LForms.Util.convertFHIRQuestionnaireToLForms(questionnaire, "R4");
    const data = new LForms.LFormsData(definition);
    const scored = data.itemList.filter(computed);
    const items = linkIds.map((each) => data.itemList.find((item) => item.linkId === each));
    const values = items.map((item, question) =>
      answers[question].map((each) => chosen(item, each)),
    );
    const told = [];
    for (const row of rows) {
      items.forEach((item, question) => {
        const place = row[question];
        item.value = place === null ? null : values[question][place];
      });
      await data._expressionProcessor.runCalculations(false);
      told.push(scored.map((item) => item.value ?? null));
    }
    return told;
  },

  /** The response and the Observations that SDC extracts from it, once filled in so. */
  async extracted(linkIds, answers, row) {
    const data = model();
    linkIds.forEach((each, question) => {
      const item = data.itemList.find((one) => one.linkId === each);
      const place = row[question];
      item.value = place === null ? null : chosen(item, answers[question][place]);
    });
    await data._expressionProcessor.runCalculations(false);
    const options = { extract: true, subject: { resourceType: "Patient", id: "p1" } };
    return LForms.Util.getFormFHIRData("QuestionnaireResponse", "R4", form(), options);
  },

  /** The response alone. */
  response() {
    return LForms.Util.getFormFHIRData("QuestionnaireResponse", "R4", form(), {});
  },
};
