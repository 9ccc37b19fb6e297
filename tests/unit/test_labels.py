"""What people and form builders call a field, in many languages; and what only sounds like a visitor's."""

import time

import pytest

from traces.compose import label_words, labels
from traces.compose.labels import is_opaque, meaning_of

pytestmark = pytest.mark.slow  # hundreds of rows

LANGUAGES = {
    "English": {
        "name": "Your name, What's your name?, name, Name *, Contact name, customer_name, Your Name (required)",
        "first_name": "First name, firstName, fname, given-name",
        "last_name": "Last Name, surname, family-name",
        "second_name": "Middle name",
        "full_name": "Full name, fullName, Contact person",
        "phone": "Phone, Your phone number, Mobile, cell, tel-national, Contact number, Phone (optional), Telephone:",
        "email": "E-mail, Your e-mail address, emailAddress, Email for contact, Confirm email",
        "messenger": "WhatsApp, WhatsApp number, Telegram, Phone / WhatsApp",
        "company": "Company, Company name, companyName, Organisation, Name of your company",
        "position": "Job title, Position",
        "web": "Website, Your website, site URL",
        "comments": "Message, Your message, Comments, Question, Notes, Additional comments",
        "consent": "I agree to the privacy policy, consent, GDPR",
    },
    "Russian": {
        "name": "Имя, Ваше имя, Как вас зовут, Как к вам обращаться?, Как_вас_зовут, Введите имя, Имя клиента, imya",
        "last_name": "Фамилия, Ваша фамилия",
        "second_name": "Отчество",
        "full_name": "Контактное лицо, Имя и фамилия",
        "last_first": "ФИО, Ф.И.О., Ваше ФИО, ФИО контактного лица, Фамилия Имя Отчество",
        "phone": "Телефон, Контактный телефон, Ваш телефон, Ваш_телефон, Номер телефона, Телефон для связи, тел.",
        "email": "Почта, Ваша почта, Электронная почта, E-mail для связи, Эл. почта, Адрес электронной почты, имейл",
        "messenger": "WhatsApp или Telegram, Ваш телеграм, вотсап",
        "company": "Компания, Название компании, Организация, Название вашей организации",
        "position": "Должность",
        "web": "Сайт, Адрес сайта, Ссылка на сайт",
        "comments": "Сообщение, Ваш вопрос, Комментарий, Комментарий к заказу, Текст сообщения",
        "consent": "Я согласен на обработку персональных данных",
    },
    "Ukrainian": {
        "name": "Ім'я, Ваше ім’я, Як вас звати?, Як до вас звертатися",
        "last_name": "Прізвище",
        "second_name": "По батькові",
        "last_first": "ПІБ",
        "phone": "Телефон, Ваш номер телефону, Контактний телефон",
        "email": "Електронна пошта, Ваша пошта, E-mail для зв'язку",
        "company": "Компанія, Назва компанії",
        "comments": "Повідомлення, Коментар, Ваше запитання",
    },
    "German": {
        "name": "Name, Ihr Name, Wie heißen Sie?",
        "first_name": "Vorname, Ihr Vorname*",
        "last_name": "Nachname, Familienname",
        "full_name": "Vor- und Nachname, Ansprechpartner",
        "phone": "Telefon, Telefonnummer, Ihre Telefonnummer, Handynummer, Rückrufnummer, Mobil",
        "email": "E-Mail, E-Mail-Adresse, Ihre E-Mail-Adresse",
        "company": "Firma, Unternehmen, Name der Firma, Firmenname",
        "comments": "Nachricht, Ihre Nachricht, Anliegen, Betreff",
        "web": "Webseite",
    },
    "Spanish": {
        "name": "Nombre, Tu nombre, ¿Cómo te llamas?",
        "last_name": "Apellidos, Apellido",
        "full_name": "Nombre y apellidos, Nombre completo",
        "phone": "Teléfono, telefono, Número de teléfono, Móvil, Celular, Teléfono de contacto",
        "email": "Correo, Correo electrónico, Dirección de correo electrónico",
        "company": "Empresa, Nombre de la empresa",
        "comments": "Mensaje, Comentarios, Consulta",
        "position": "Cargo",
    },
    "Portuguese": {
        "name": "Nome, Seu nome, Qual é o seu nome?",
        "last_name": "Sobrenome",
        "full_name": "Nome completo",
        "phone": "Telefone, Celular, Telemóvel, Número de telefone",
        "email": "E-mail, Endereço de e-mail, Seu melhor e-mail",
        "company": "Empresa, Nome da empresa",
        "comments": "Mensagem, Sua mensagem, Observações",
    },
    "French": {
        "name": "Nom, Votre nom",
        "first_name": "Prénom, prenom",
        "last_name": "Nom de famille",
        "full_name": "Prénom et nom, Nom complet",
        "phone": "Téléphone, Numéro de téléphone, N° de téléphone, Portable, Votre téléphone *",
        "email": "E-mail, Adresse e-mail, Courriel, Adresse électronique",
        "company": "Entreprise, Nom de l'entreprise, Société",
        "comments": "Message, Votre message, Demande, Objet",
        "position": "Fonction",
    },
    "Italian": {
        "name": "Nome, Il tuo nome",
        "last_name": "Cognome",
        "full_name": "Nome e cognome, Nominativo",
        "phone": "Telefono, Numero di telefono, Cellulare",
        "email": "E-mail, Indirizzo e-mail, Posta elettronica",
        "company": "Azienda, Nome dell'azienda, Ragione sociale",
        "comments": "Messaggio, Il tuo messaggio, Richiesta",
    },
    "Polish": {
        "name": "Jak masz na imię?",
        "first_name": "Imię, Twoje imię",
        "last_name": "Nazwisko",
        "full_name": "Imię i nazwisko, Osoba kontaktowa",
        "phone": "Telefon, Numer telefonu, Telefon kontaktowy, Nr telefonu, Telefon komórkowy",
        "email": "E-mail, Adres e-mail, Poczta",
        "company": "Firma, Nazwa firmy",
        "comments": "Wiadomość, Treść wiadomości, Uwagi, Pytanie",
    },
    "Turkish": {
        "name": "Adınız, İsim, İSMİNİZ, Adı",
        "last_name": "Soyadı, Soyadınız, SOYADI",
        "full_name": "Ad Soyad, Adınız Soyadınız",
        "phone": "Telefon, Telefon numarası, Telefon numaranız, Cep telefonu, GSM",
        "email": "E-posta, E-posta adresi, E-Posta Adresiniz, E-postanız",
        "company": "Şirket, Şirket adı, Firma adı",
        "comments": "Mesaj, Mesajınız, Açıklama, Konu",
    },
}
BUILDERS = {
    "name": "your-name, name_1, No Label name, form_fields[name], contacts[name], PROPERTY[NAME][0]",
    "first_name": "wpforms[fields][0][first], q2_fullName[first], name.first, billing_first_name, contact__first_name,"
    "1.3, input_1.3, data[merges][FNAME], names[first_name]",
    "last_name": "names[last_name], billing_last_name, input_1_6, 1.6, q2_fullName[last]",
    "phone": "tel-123, phone_1, fields[PHONE][0][VALUE], contact.phone, billing_phone, PHONE_NUMBER, tel-national",
    "email": "email_1, form_email_33, user_email, _replyto, email-address",
    "messenger": "wa_id",
    "company": "lead[company_name], billing_company, COMPANY_TITLE, organization",
    "comments": "form_textarea_34, textarea_1, order_comments, ORDER_DESCRIPTION, customer_note, your-message, MESSAGE",
    "consent": "acceptance-123",
    "goods": "goods",
    "name?": "username, user_name",
    "phone?": "Номер, Телефон руководителя",
}
OTHERS = [
    *(
        "form_name",
        "quiz[name]",
        "payload[name]",
        "event_name",
        "Product name",
        "site_name",
        "campaign_name",
        "file_name",
    ),
    *(
        "line_items[name]",
        "page_name",
        "ad_name",
        "leads[add][0][name]",
        "child_name",
        "account[name]",
        "fields[name][id]",
    ),
    *(
        "How can we help?",
        "Опишите задачу",
        "Какой_бюджет",
        "Order number",
        "Номер заказа",
        "Company size",
        "Title",
        "",
    ),
    *("form_text_31", "text-123", "ORDER_PROP_3", "Field4", "input_2", "question_3", "5", "[]", "(", "Mailing address"),
    *(
        "Email type",
        "admin_email",
        "Телефон магазина",
        "product_description",
        "Какая длина?",
        "post_title",
        "№",
        "\ud800",
    ),
]
TABLE = [
    (label.strip(), meaning)
    for names in (*LANGUAGES.values(), BUILDERS)
    for meaning, texts in names.items()
    for label in texts.split(",")
]


@pytest.mark.parametrize(("label", "meaning"), TABLE)
def test_a_label_is_understood(label, meaning):
    assert meaning_of(label) == meaning


@pytest.mark.parametrize(("label", "meaning"), [row for row in TABLE if row[0].isascii() and "[" not in row[0]])
def test_letter_case_does_not_count(label, meaning):
    assert meaning_of(label.upper()) == meaning


@pytest.mark.parametrize("label", OTHERS)
def test_what_only_sounds_like_a_visitors_is_not_taken_for_it(label):
    assert meaning_of(label) == ""


@pytest.mark.parametrize(
    "name", ["form_text_32", "ORDER_PROP_3", "Field4", "No Label field_5c1a2b3", "3", "q5", "input_2"]
)
def test_a_name_can_say_nothing(name):
    assert is_opaque(name)


@pytest.mark.parametrize("name", ["Puhelin", "ИНН", "order_id", "電話", "Какой_бюджет"])
def test_a_name_that_is_not_understood_says_something_all_the_same(name):
    assert not is_opaque(name)


def test_each_phrase_means_one_thing():
    meanings = {}
    for meaning, phrases in label_words.MEANINGS.items():
        for phrase in filter(str.strip, phrases.split(",")):
            meanings.setdefault("".join(labels._words(phrase)), set()).add(meaning)
    assert {phrase: found for phrase, found in meanings.items() if len(found) > 1 or not phrase} == {}


@pytest.mark.parametrize("piece", ["(", "a1", "aA", "l'", "[a]", "ж ", "phone ", "Ё", "1.3"])
def test_the_worst_label_takes_no_time(piece):
    label = (piece * 65536)[:65536]
    began = time.process_time()
    meaning_of(label)
    assert time.process_time() - began < 0.2
