"""What an operator may want to answer, in the language of the message."""

from collections.abc import Mapping, Sequence

from schemas.analysis import Intent, Line

_REPLIES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "anything_else": "Got it. Anything else?",
        "summary": "Thank you! We will send you a summary to confirm.",
        "how_many": "How many {product} would you like?",
        "how_many_of_it": "How many would you like?",
        "changed": "We have changed that. Anything else?",
        "confirmed": "Thank you, your order is confirmed.",
        "what_to_change": "No problem. What would you like to change?",
        "cancelled": "Shall we cancel the whole order?",
        "looking": "Let me check and get right back to you.",
        "what_to_order": "Of course. What would you like to order?",
        "sorry": "We are sorry about that. Could you send us the details or a photo?",
        "hello": "Hello! What can we do for you today?",
        "bye": "Thank you, have a great day!",
        "understood": "Thank you for letting us know.",
    },
    "es": {
        "anything_else": "Anotado. ¿Algo más?",
        "summary": "¡Gracias! Le enviamos un resumen para confirmar.",
        "how_many": "¿Cuánto desea de {product}?",
        "how_many_of_it": "¿Qué cantidad desea?",
        "changed": "Cambiado. ¿Algo más?",
        "confirmed": "Gracias, su pedido está confirmado.",
        "what_to_change": "Sin problema. ¿Qué desea cambiar?",
        "cancelled": "¿Cancelamos todo el pedido?",
        "looking": "Lo revisamos y le respondemos enseguida.",
        "what_to_order": "Claro. ¿Qué desea pedir?",
        "sorry": "Lo sentimos. ¿Nos puede enviar los detalles o una foto?",
        "hello": "¡Hola! ¿En qué le podemos ayudar hoy?",
        "bye": "¡Gracias, que tenga un buen día!",
        "understood": "Gracias por avisarnos.",
    },
    "pt": {
        "anything_else": "Anotado. Mais alguma coisa?",
        "summary": "Obrigado! Vamos enviar um resumo para confirmar.",
        "how_many": "Quanto você deseja de {product}?",
        "how_many_of_it": "Qual é a quantidade?",
        "changed": "Alterado. Mais alguma coisa?",
        "confirmed": "Obrigado, seu pedido está confirmado.",
        "what_to_change": "Sem problema. O que deseja mudar?",
        "cancelled": "Cancelamos o pedido inteiro?",
        "looking": "Vamos verificar e já respondemos.",
        "what_to_order": "Claro. O que deseja pedir?",
        "sorry": "Sentimos muito. Pode nos enviar os detalhes ou uma foto?",
        "hello": "Olá! Em que podemos ajudar hoje?",
        "bye": "Obrigado, tenha um ótimo dia!",
        "understood": "Obrigado por avisar.",
    },
}
_FOR_INTENT = {
    Intent.MODIFY: "changed",
    Intent.CONFIRM: "confirmed",
    Intent.REJECT: "what_to_change",
    Intent.CANCEL: "cancelled",
    Intent.QUESTION: "looking",
    Intent.ORDER_META: "what_to_order",
    Intent.COMPLAINT: "sorry",
    Intent.GREETING: "hello",
    Intent.CLOSING: "bye",
    Intent.OTHER: "understood",
}


def suggested_replies(language: str, intent: Intent, lines: Sequence[Line], *, complete: bool) -> tuple[str, ...]:
    """One or two replies: a question for a quantity that is missing, and what fits the intent."""
    replies = _REPLIES[language]
    missing = next((line for line in lines if intent is Intent.ORDER and line.quantity is None and line.product), None)
    if complete and intent in {Intent.ORDER, Intent.MODIFY, Intent.REJECT}:
        fitting = "summary"
    elif intent is Intent.MODIFY and not lines:
        fitting = "what_to_change"
    else:
        fitting = _FOR_INTENT.get(intent, "anything_else")
    asked = (replies["how_many"].format(product=missing.product) if missing.product else replies["how_many_of_it"],) if missing else ()
    return (*asked, replies[fitting])
